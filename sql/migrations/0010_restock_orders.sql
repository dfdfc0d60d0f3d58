-- Goods that were ordered for the shelf.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'restock_orders'
CREATE TABLE restock_orders (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    product_id BIGINT UNSIGNED NOT NULL,
    run_id BIGINT UNSIGNED NOT NULL,
    status VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    quantity BIGINT NOT NULL,
    received BIGINT NOT NULL,
    ordered_at DATETIME(6) NOT NULL,
    expected_at DATETIME(6) NOT NULL,
    closed_at DATETIME(6) NULL,
    PRIMARY KEY (id),
    KEY restock_orders_by_product (product_id, ordered_at, id),
    KEY restock_orders_by_status (status, expected_at, id),
    KEY restock_orders_by_time (ordered_at, id),
    KEY restock_orders_by_run (run_id),
    CONSTRAINT restock_orders_of_product FOREIGN KEY (product_id) REFERENCES stock (product_id) ON DELETE RESTRICT,
    CONSTRAINT restock_orders_of_run FOREIGN KEY (run_id) REFERENCES restock_runs (id) ON DELETE RESTRICT,
    CONSTRAINT restock_orders_status CHECK (status IN ('open', 'received', 'cancelled')),
    CONSTRAINT restock_orders_closed CHECK ((status = 'open') = (closed_at IS NULL)),
    CONSTRAINT restock_orders_quantity CHECK (quantity > 0),
    CONSTRAINT restock_orders_received CHECK (
        received >= 0 AND (status <> 'open' OR received < quantity) AND (status <> 'received' OR received >= quantity)
    )
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
