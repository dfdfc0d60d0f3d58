-- Events that a receiver has refused, until they are sent or given up, and those of the same object behind them, which
-- have no next_attempt_at until it is their turn. object is the type up to its dot.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'webhook_waiting'
CREATE TABLE webhook_waiting (
    webhook_id BIGINT UNSIGNED NOT NULL,
    number BIGINT UNSIGNED NOT NULL,
    object VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    object_id BIGINT UNSIGNED NOT NULL,
    at DATETIME(6) NOT NULL,
    attempts INT UNSIGNED NOT NULL,
    first_attempt_at DATETIME(6) NULL,
    next_attempt_at DATETIME(6) NULL,
    PRIMARY KEY (webhook_id, number),
    KEY webhook_waiting_by_object (webhook_id, object, object_id, number),
    KEY webhook_waiting_due (webhook_id, next_attempt_at),
    CONSTRAINT webhook_waiting_of FOREIGN KEY (webhook_id) REFERENCES webhooks (id) ON DELETE RESTRICT,
    CONSTRAINT webhook_waiting_attempted CHECK ((attempts = 0) = (first_attempt_at IS NULL))
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
