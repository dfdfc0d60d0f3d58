-- How far demand_days goes: one row, which whoever changes that table locks first. filled_at is the database's time, like
-- stock.updated_at: what changed before it is in. Days before filled_until are over, those from first_day on (which
-- began at first_at) were looked at. In another time zone the days are others, and all are made again.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'demand_summary'
CREATE TABLE demand_summary (
    id TINYINT NOT NULL,
    filled_at DATETIME(6) NULL,
    filled_until DATE NULL,
    first_day DATE NULL,
    first_at DATETIME(6) NULL,
    time_zone VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    PRIMARY KEY (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
