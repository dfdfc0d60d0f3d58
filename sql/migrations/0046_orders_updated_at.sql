-- When the order was last changed. The database sets it with every change of the row, so that no statement can
-- forget it. The orders that were there count as changed now: whoever follows the changes reads them once.
-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'orders' AND column_name = 'updated_at'
ALTER TABLE orders
    ADD COLUMN updated_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
    ADD KEY orders_by_update (updated_at, id)
