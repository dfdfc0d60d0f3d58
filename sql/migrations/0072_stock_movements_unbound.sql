-- The ledger lets go of restock orders. A CHECK is dropped in each server's words.
-- done when: SELECT COUNT(*) = 0 FROM information_schema.table_constraints WHERE table_schema = DATABASE()
--     AND table_name = 'stock_movements' AND constraint_name = 'stock_movements_for_restock'
ALTER TABLE stock_movements
    /*M! DROP CONSTRAINT stock_movements_restock_has_order, */
    /*!80016 DROP CHECK stock_movements_restock_has_order, */
    DROP FOREIGN KEY stock_movements_for_restock
