-- The ledger in money, carried along like the balance. What was there before had no known cost and counts for nothing.
-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'stock_movements' AND column_name = 'value_after'
ALTER TABLE stock_movements
    ADD COLUMN value_delta DECIMAL(30, 0) NOT NULL DEFAULT 0,
    ADD COLUMN value_after DECIMAL(30, 0) NOT NULL DEFAULT 0,
    ADD COLUMN cost_assumed TINYINT NOT NULL DEFAULT 0,
    ADD CONSTRAINT stock_movements_value CHECK (value_after >= 0 AND (balance_after > 0 OR value_after = 0))
