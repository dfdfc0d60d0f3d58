-- A line of the ledger that put goods on the shelf names the purchase order's line. The numbers are the same.
-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'stock_movements' AND column_name = 'purchase_order_id'
ALTER TABLE stock_movements
    CHANGE restock_order_id purchase_order_id BIGINT UNSIGNED NULL,
    DROP KEY stock_movements_of_restock_order,
    ADD KEY stock_movements_of_purchase (purchase_order_id, product_id),
    ADD CONSTRAINT stock_movements_for_purchase FOREIGN KEY (purchase_order_id, product_id)
        REFERENCES purchase_order_lines (purchase_order_id, product_id) ON DELETE RESTRICT,
    ADD CONSTRAINT stock_movements_restock_is_bought CHECK ((reason = 'restock') = (purchase_order_id IS NOT NULL))
