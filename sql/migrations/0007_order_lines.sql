-- What was ordered, with name and price as they were at that moment. One line a product.
-- reserved_at_sequence is the last movement in the product's ledger when its units were reserved: what was on
-- hand then is that movement's balance. It is 0 only until the reservation, in the same transaction.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'order_lines'
CREATE TABLE order_lines (
    order_id BIGINT UNSIGNED NOT NULL,
    product_id BIGINT UNSIGNED NOT NULL,
    name VARCHAR(200) NOT NULL,
    quantity BIGINT NOT NULL,
    unit_price_minor BIGINT NOT NULL,
    reserved_at_sequence BIGINT NOT NULL,
    PRIMARY KEY (order_id, product_id),
    KEY order_lines_by_product (product_id),
    CONSTRAINT order_lines_of_order FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE RESTRICT,
    CONSTRAINT order_lines_of_product FOREIGN KEY (product_id) REFERENCES products (id) ON DELETE RESTRICT,
    CONSTRAINT order_lines_quantity CHECK (quantity BETWEEN 1 AND 100000),
    CONSTRAINT order_lines_unit_price CHECK (unit_price_minor BETWEEN 0 AND 9999999999)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
