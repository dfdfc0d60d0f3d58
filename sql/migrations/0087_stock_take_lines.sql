-- The products of a stock take, and what was counted of each. place is the shelf and the SKU as they were, by which the
-- lines are listed; added is 1 where a count took the product in that was not selected. counted_at is the moment of the
-- count; set_at that of the last count of the whole shelf, before which no unit can be added any more. What the ledger
-- said at that moment follows from the ledger, and so does what was booked.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'stock_take_lines'
CREATE TABLE stock_take_lines (
    stock_take_id BIGINT UNSIGNED NOT NULL,
    product_id BIGINT UNSIGNED NOT NULL,
    place VARCHAR(170) NOT NULL,
    added TINYINT NOT NULL,
    counted BIGINT NULL,
    counted_at DATETIME(6) NULL,
    set_at DATETIME(6) NULL,
    actor_account_id BIGINT UNSIGNED NULL,
    actor_api_key_id BIGINT UNSIGNED NULL,
    booked_at DATETIME(6) NULL,
    PRIMARY KEY (stock_take_id, product_id),
    KEY stock_take_lines_by_place (stock_take_id, place, product_id),
    KEY stock_take_lines_of_product (product_id),
    KEY stock_take_lines_actor (actor_account_id),
    KEY stock_take_lines_key (actor_api_key_id),
    CONSTRAINT stock_take_lines_take FOREIGN KEY (stock_take_id) REFERENCES stock_takes (id) ON DELETE RESTRICT,
    CONSTRAINT stock_take_lines_product FOREIGN KEY (product_id) REFERENCES products (id) ON DELETE RESTRICT,
    CONSTRAINT stock_take_lines_by_actor FOREIGN KEY (actor_account_id) REFERENCES accounts (id) ON DELETE RESTRICT,
    CONSTRAINT stock_take_lines_by_key FOREIGN KEY (actor_api_key_id) REFERENCES api_keys (id) ON DELETE RESTRICT,
    CONSTRAINT stock_take_lines_counted CHECK (counted BETWEEN 0 AND 1000000000),
    CONSTRAINT stock_take_lines_moment CHECK (
        (counted IS NULL) = (counted_at IS NULL) AND (set_at IS NULL OR counted_at >= set_at)
    ),
    CONSTRAINT stock_take_lines_booked CHECK (booked_at IS NULL OR booked_at > counted_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
