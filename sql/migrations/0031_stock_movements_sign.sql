-- Two more reasons; what a reason does to the shelf, for every line from now on; and keys for the ledger of the
-- whole shop, by time, product and sequence, of one reason or of one who acted. MariaDB and MySQL before 8.0.19
-- drop a CHECK in words of their own, each of which the other one takes for a comment.
-- done when: SELECT COUNT(*) FROM information_schema.table_constraints
--     WHERE table_schema = DATABASE() AND table_name = 'stock_movements' AND constraint_name = 'stock_movements_sign'
ALTER TABLE stock_movements
    /*M! DROP CONSTRAINT stock_movements_reason, */
    /*!80016 DROP CHECK stock_movements_reason, */
    ADD CONSTRAINT stock_movements_reason CHECK (
        reason IN ('initial', 'sale', 'restock', 'stock_take', 'damaged', 'lost', 'return', 'found', 'correction')
    ),
    ALTER COLUMN ruled SET DEFAULT 1,
    ADD CONSTRAINT stock_movements_sign CHECK (
        ruled = 0
        OR (reason IN ('sale', 'damaged', 'lost') AND delta < 0)
        OR (reason IN ('initial', 'restock', 'return', 'found') AND delta > 0)
        OR (reason = 'correction' AND note IS NOT NULL)
        OR reason = 'stock_take'
    ),
    ADD KEY stock_movements_of_shop (at, product_id, sequence),
    ADD KEY stock_movements_by_reason (reason, at, product_id, sequence),
    ADD KEY stock_movements_by_account (actor_account_id, at, product_id, sequence),
    ADD KEY stock_movements_by_api_key (actor_api_key_id, at, product_id, sequence),
    DROP KEY stock_movements_of_actor,
    DROP KEY stock_movements_actor_key
