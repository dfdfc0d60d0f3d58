-- How far the feed goes, in one row: whoever gives numbers or deletes old entries has it locked. The first one
-- writes it. numbered_at is when the last number was given.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'event_feed'
CREATE TABLE event_feed (
    id TINYINT UNSIGNED NOT NULL,
    last_number BIGINT UNSIGNED NOT NULL,
    numbered_at DATETIME(6) NULL,
    pruned_number BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT event_feed_is_one CHECK (id = 1),
    CONSTRAINT event_feed_pruned CHECK (pruned_number <= last_number)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
