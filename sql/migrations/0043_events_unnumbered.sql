-- What happened, as the transaction that did it wrote it down; events has it once a reader has given it a number.
-- The ids tell the entries apart and put those that one reader numbers in some order; nothing else is read into them.
-- product_ids and fields are lists with a comma between; never a value, and nothing about a person.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'events_unnumbered'
CREATE TABLE events_unnumbered (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    at DATETIME(6) NOT NULL,
    type VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    object_id BIGINT UNSIGNED NOT NULL,
    product_ids VARCHAR(2100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    fields VARCHAR(500) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    PRIMARY KEY (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
