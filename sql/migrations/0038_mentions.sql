-- Movements whose note may name somebody who was erased, until a manager has looked at it. found is what was
-- recognised, in words with a comma between, and never the person's data; customer_id is the last one who may be named,
-- a number that may stand for nobody any more.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'mentions'
CREATE TABLE mentions (
    movement_id BIGINT UNSIGNED NOT NULL,
    customer_id BIGINT UNSIGNED NOT NULL,
    found VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    found_at DATETIME(6) NOT NULL,
    PRIMARY KEY (movement_id),
    KEY mentions_of_customer (customer_id, movement_id),
    CONSTRAINT mentions_of_movement FOREIGN KEY (movement_id) REFERENCES stock_movements (id) ON DELETE RESTRICT
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
