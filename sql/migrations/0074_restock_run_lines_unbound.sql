-- The lines of runs let go of restock orders, and of the outcomes that they had.
-- done when: SELECT COUNT(*) = 0 FROM information_schema.table_constraints WHERE table_schema = DATABASE()
--     AND table_name = 'restock_run_lines' AND constraint_name = 'restock_run_lines_for_order'
ALTER TABLE restock_run_lines
    /*M! DROP CONSTRAINT restock_run_lines_outcome, */
    /*!80016 DROP CHECK restock_run_lines_outcome, */
    DROP FOREIGN KEY restock_run_lines_for_order
