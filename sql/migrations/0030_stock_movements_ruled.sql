-- Since reason and sign are held together, a line of the ledger is 1 here. What was written before may be
-- wrong in that and stays as it is: the ledger is append-only.
-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'stock_movements' AND column_name = 'ruled'
ALTER TABLE stock_movements ADD COLUMN ruled TINYINT NOT NULL DEFAULT 0
