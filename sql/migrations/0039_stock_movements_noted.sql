-- The movements with a note, which are few beside the sales: an erasure reads them all.
-- done when: SELECT COUNT(*) FROM information_schema.statistics
--     WHERE table_schema = DATABASE() AND table_name = 'stock_movements' AND index_name = 'stock_movements_noted'
ALTER TABLE stock_movements ADD KEY stock_movements_noted (note (1))
