-- The last attempts of each webhook, numbered by itself: which event was sent and how that ended. Never what was answered,
-- beyond the status; error is a text of this program's own.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'webhook_attempts'
CREATE TABLE webhook_attempts (
    webhook_id BIGINT UNSIGNED NOT NULL,
    attempt BIGINT UNSIGNED NOT NULL,
    number BIGINT UNSIGNED NOT NULL,
    type VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    at DATETIME(6) NOT NULL,
    outcome VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    status SMALLINT UNSIGNED NULL,
    error VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    duration_ms INT UNSIGNED NOT NULL,
    PRIMARY KEY (webhook_id, attempt),
    KEY webhook_attempts_by_time (at),
    CONSTRAINT webhook_attempts_of FOREIGN KEY (webhook_id) REFERENCES webhooks (id) ON DELETE RESTRICT,
    CONSTRAINT webhook_attempts_outcome CHECK (outcome IN ('delivered', 'failed', 'given_up'))
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
