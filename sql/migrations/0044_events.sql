-- The feed of what happened: numbers without gaps, in the order in which they were committed. numbered_at never goes
-- back from one number to the next, and tells an entry from one that had its number in a database of before a
-- backup was restored. source_id is the entry's id in events_unnumbered, from which it is then deleted.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'events'
CREATE TABLE events (
    number BIGINT UNSIGNED NOT NULL,
    numbered_at DATETIME(6) NOT NULL,
    source_id BIGINT UNSIGNED NOT NULL,
    at DATETIME(6) NOT NULL,
    type VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    object_id BIGINT UNSIGNED NOT NULL,
    product_ids VARCHAR(2100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    fields VARCHAR(500) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    PRIMARY KEY (number),
    KEY events_by_type (type, number)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
