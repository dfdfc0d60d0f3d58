-- What is on the shelf, what is promised and what is on its way, one row a product, with the rule by
-- which it is restocked. movement_count numbers the ledger's lines of the product without gaps;
-- last_movement_at keeps their times in the same order. A product without a reorder point is not watched.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'stock'
CREATE TABLE stock (
    product_id BIGINT UNSIGNED NOT NULL,
    on_hand BIGINT NOT NULL,
    reserved BIGINT NOT NULL,
    incoming BIGINT NOT NULL,
    movement_count BIGINT NOT NULL,
    last_movement_at DATETIME(6) NOT NULL,
    reorder_point BIGINT NULL,
    reorder_target BIGINT NULL,
    reorder_multiple BIGINT NOT NULL,
    order_max BIGINT NULL,
    snoozed_until DATE NULL,
    lead_time_days INT NOT NULL,
    PRIMARY KEY (product_id),
    KEY stock_watched (reorder_point, product_id),
    CONSTRAINT stock_of_product FOREIGN KEY (product_id) REFERENCES products (id) ON DELETE RESTRICT,
    CONSTRAINT stock_on_hand CHECK (on_hand BETWEEN 0 AND 1000000000),
    CONSTRAINT stock_reserved CHECK (reserved >= 0),
    CONSTRAINT stock_incoming CHECK (incoming >= 0),
    CONSTRAINT stock_movement_count CHECK (movement_count >= 0),
    CONSTRAINT stock_reorder_point CHECK (reorder_point BETWEEN 0 AND 1000000000),
    CONSTRAINT stock_reorder_target CHECK (reorder_target BETWEEN 0 AND 1000000000),
    -- A run fills up to the target, so it must not leave the product below its point.
    CONSTRAINT stock_target_reaches_point CHECK (
        reorder_point IS NULL OR (reorder_target IS NOT NULL AND reorder_target >= reorder_point)
    ),
    CONSTRAINT stock_reorder_multiple CHECK (reorder_multiple BETWEEN 1 AND 1000000),
    -- An order of as many whole multiples as are allowed brings an empty shelf to the point.
    CONSTRAINT stock_order_max CHECK (order_max BETWEEN reorder_multiple AND 1000000000),
    CONSTRAINT stock_order_max_reaches_point CHECK (order_max - order_max % reorder_multiple >= reorder_point),
    CONSTRAINT stock_lead_time CHECK (lead_time_days BETWEEN 0 AND 365)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
