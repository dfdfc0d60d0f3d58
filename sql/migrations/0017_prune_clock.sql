-- The time that pruning believes in, in one row: seen_at is what the clock said at the last run, believed_at how
-- far its advance has been believed.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'prune_clock'
CREATE TABLE prune_clock (
    id TINYINT UNSIGNED NOT NULL,
    seen_at DATETIME(6) NOT NULL,
    believed_at DATETIME(6) NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT prune_clock_is_one CHECK (id = 1)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
