-- Failed logins. A counter is a number that a digest picks, so there are never more rows than numbers.
-- forgiven_at is when all of its failures are forgiven; each failure puts it off by a step.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'login_failures'
CREATE TABLE login_failures (
    counter INT UNSIGNED NOT NULL,
    forgiven_at DATETIME(6) NOT NULL,
    PRIMARY KEY (counter)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
