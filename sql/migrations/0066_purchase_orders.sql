-- What the shop buys, of one supplier or, without one, from the shop's own list. draft_of marks the one draft of a
-- supplier (0 for the shop's own list) that restock runs add to; its UNIQUE key allows no second one. Drafts that people
-- made are not marked.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'purchase_orders'
CREATE TABLE purchase_orders (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    supplier_id BIGINT UNSIGNED NULL,
    draft_of BIGINT UNSIGNED NULL,
    status VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    note VARCHAR(2000) NULL,
    run_id BIGINT UNSIGNED NULL,
    receipt_count INT NOT NULL,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    ordered_at DATETIME(6) NULL,
    closed_at DATETIME(6) NULL,
    PRIMARY KEY (id),
    UNIQUE KEY purchase_orders_one_draft (draft_of),
    KEY purchase_orders_by_status (status, id),
    KEY purchase_orders_by_supplier (supplier_id, id),
    KEY purchase_orders_by_run (run_id),
    CONSTRAINT purchase_orders_of_supplier FOREIGN KEY (supplier_id) REFERENCES suppliers (id) ON DELETE RESTRICT,
    CONSTRAINT purchase_orders_of_run FOREIGN KEY (run_id) REFERENCES restock_runs (id) ON DELETE RESTRICT,
    CONSTRAINT purchase_orders_status CHECK (status IN ('draft', 'ordered', 'received', 'cancelled')),
    CONSTRAINT purchase_orders_draft_of CHECK (
        draft_of IS NULL OR (status = 'draft' AND draft_of = COALESCE(supplier_id, 0))
    ),
    CONSTRAINT purchase_orders_ordered CHECK (
        (status <> 'draft' OR ordered_at IS NULL) AND (status NOT IN ('ordered', 'received') OR ordered_at IS NOT NULL)
    ),
    CONSTRAINT purchase_orders_closed CHECK ((status IN ('received', 'cancelled')) = (closed_at IS NOT NULL)),
    CONSTRAINT purchase_orders_receipts CHECK (receipt_count >= 0)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
