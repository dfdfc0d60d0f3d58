-- What a run saw of one product, and what it did about it or why it did nothing. A line points at the product and not
-- at its stock: that a row of stock is held by others for long is told in a line too.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'restock_run_lines'
CREATE TABLE restock_run_lines (
    run_id BIGINT UNSIGNED NOT NULL,
    product_id BIGINT UNSIGNED NOT NULL,
    on_hand BIGINT NOT NULL,
    reserved BIGINT NOT NULL,
    incoming BIGINT NOT NULL,
    reorder_point BIGINT NULL,
    reorder_target BIGINT NULL,
    reorder_multiple BIGINT NOT NULL,
    order_max BIGINT NULL,
    snoozed_until DATE NULL,
    lead_time_days INT NOT NULL,
    outcome VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    quantity BIGINT NOT NULL,
    reason VARCHAR(500) NOT NULL,
    restock_order_id BIGINT UNSIGNED NULL,
    PRIMARY KEY (run_id, product_id),
    KEY restock_run_lines_by_outcome (run_id, outcome, product_id),
    KEY restock_run_lines_product (product_id),
    KEY restock_run_lines_order (restock_order_id),
    CONSTRAINT restock_run_lines_of_run FOREIGN KEY (run_id) REFERENCES restock_runs (id) ON DELETE RESTRICT,
    CONSTRAINT restock_run_lines_of_product FOREIGN KEY (product_id) REFERENCES products (id) ON DELETE RESTRICT,
    CONSTRAINT restock_run_lines_for_order FOREIGN KEY (restock_order_id) REFERENCES restock_orders (id) ON DELETE RESTRICT,
    CONSTRAINT restock_run_lines_outcome CHECK (outcome IN ('ordered', 'received', 'nothing', 'failed')),
    CONSTRAINT restock_run_lines_quantity CHECK (quantity >= 0)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
