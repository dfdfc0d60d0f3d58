-- The ledger: every change of what is on hand, append-only. sequence counts a product's lines from 1
-- without gaps, whatever node of a cluster wrote them.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'stock_movements'
CREATE TABLE stock_movements (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    product_id BIGINT UNSIGNED NOT NULL,
    sequence BIGINT NOT NULL,
    delta BIGINT NOT NULL,
    balance_after BIGINT NOT NULL,
    reason VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    note VARCHAR(500) NULL,
    actor_account_id BIGINT UNSIGNED NULL,
    order_id BIGINT UNSIGNED NULL,
    restock_order_id BIGINT UNSIGNED NULL,
    at DATETIME(6) NOT NULL,
    PRIMARY KEY (id),
    UNIQUE KEY stock_movements_sequence (product_id, sequence),
    UNIQUE KEY stock_movements_of_order (order_id, product_id),
    KEY stock_movements_of_restock_order (restock_order_id),
    KEY stock_movements_of_actor (actor_account_id),
    KEY stock_movements_by_time (product_id, at, sequence),
    -- Lists by reason are in this order, since times and sequences agree; and with delta in it, the forecast
    -- reads the sales of four weeks from this key alone.
    KEY stock_movements_sales (product_id, reason, at, sequence, delta),
    CONSTRAINT stock_movements_of_product FOREIGN KEY (product_id) REFERENCES stock (product_id) ON DELETE RESTRICT,
    CONSTRAINT stock_movements_by_actor FOREIGN KEY (actor_account_id) REFERENCES accounts (id) ON DELETE RESTRICT,
    CONSTRAINT stock_movements_for_order FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE RESTRICT,
    CONSTRAINT stock_movements_for_restock FOREIGN KEY (restock_order_id) REFERENCES restock_orders (id) ON DELETE RESTRICT,
    CONSTRAINT stock_movements_reason CHECK (
        reason IN ('initial', 'sale', 'restock', 'stock_take', 'damaged', 'return', 'correction')
    ),
    CONSTRAINT stock_movements_sale_has_order CHECK ((reason = 'sale') = (order_id IS NOT NULL)),
    CONSTRAINT stock_movements_restock_has_order CHECK ((reason = 'restock') = (restock_order_id IS NOT NULL)),
    CONSTRAINT stock_movements_balance CHECK (balance_after >= 0),
    CONSTRAINT stock_movements_sequence_from_1 CHECK (sequence >= 1)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
