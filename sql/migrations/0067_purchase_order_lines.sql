-- A product of a purchase order. Costs are in ten-thousandths of the minor unit, as of an offer. A run sets a line to
-- what the rule says, and why, until a person has set it. received_at is when all of it had come.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'purchase_order_lines'
CREATE TABLE purchase_order_lines (
    purchase_order_id BIGINT UNSIGNED NOT NULL,
    product_id BIGINT UNSIGNED NOT NULL,
    supplier_sku VARCHAR(100) NULL,
    quantity BIGINT NOT NULL,
    unit_cost_minor_e4 BIGINT NULL,
    set_by_person TINYINT NOT NULL,
    reason VARCHAR(700) NULL,
    received BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    lead_time_days INT NULL,
    expected_at DATETIME(6) NULL,
    received_at DATETIME(6) NULL,
    PRIMARY KEY (purchase_order_id, product_id),
    KEY purchase_order_lines_of_product (product_id, purchase_order_id),
    CONSTRAINT purchase_order_lines_order FOREIGN KEY (purchase_order_id) REFERENCES purchase_orders (id) ON DELETE RESTRICT,
    CONSTRAINT purchase_order_lines_product FOREIGN KEY (product_id) REFERENCES products (id) ON DELETE RESTRICT,
    CONSTRAINT purchase_order_lines_quantity CHECK (quantity BETWEEN 1 AND 1000000000),
    CONSTRAINT purchase_order_lines_cost CHECK (unit_cost_minor_e4 BETWEEN 0 AND 99999999990000),
    CONSTRAINT purchase_order_lines_received CHECK (received >= 0 AND (received_at IS NULL OR received >= quantity)),
    CONSTRAINT purchase_order_lines_rejected CHECK (rejected >= 0)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
