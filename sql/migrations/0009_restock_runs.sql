-- One look at all watched products, and what came of it. A run without finished_at is still at work or
-- was cut off; what it had done by then stands.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'restock_runs'
CREATE TABLE restock_runs (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    source VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    actor_account_id BIGINT UNSIGNED NULL,
    started_at DATETIME(6) NOT NULL,
    finished_at DATETIME(6) NULL,
    PRIMARY KEY (id),
    KEY restock_runs_by_time (started_at, id),
    KEY restock_runs_actor (actor_account_id),
    CONSTRAINT restock_runs_by_actor FOREIGN KEY (actor_account_id) REFERENCES accounts (id) ON DELETE RESTRICT,
    CONSTRAINT restock_runs_source CHECK (source IN ('api', 'program'))
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
