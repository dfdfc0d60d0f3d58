-- What is on the shelf and what is promised, one row a product. movement_count numbers the ledger's
-- lines of the product without gaps; last_movement_at keeps their times in the same order.
CREATE TABLE stock (
    product_id BIGINT UNSIGNED NOT NULL,
    on_hand BIGINT NOT NULL,
    reserved BIGINT NOT NULL,
    movement_count BIGINT NOT NULL,
    last_movement_at DATETIME(6) NOT NULL,
    PRIMARY KEY (product_id),
    CONSTRAINT stock_of_product FOREIGN KEY (product_id) REFERENCES products (id) ON DELETE RESTRICT,
    CONSTRAINT stock_on_hand CHECK (on_hand BETWEEN 0 AND 1000000000),
    CONSTRAINT stock_reserved CHECK (reserved >= 0),
    CONSTRAINT stock_movement_count CHECK (movement_count >= 0)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
