-- Suppliers, and what they ask for products.
-- done when: SELECT COUNT(*) FROM information_schema.table_constraints
--     WHERE table_schema = DATABASE() AND table_name = 'audit_log' AND constraint_name = 'audit_log_object_known'
ALTER TABLE audit_log
    /*M! DROP CONSTRAINT audit_log_object, */
    /*!80016 DROP CHECK audit_log_object, */
    ADD CONSTRAINT audit_log_object_known CHECK (
        object IN (
            'account', 'api_key', 'customer', 'order', 'product', 'restock_order', 'restock_run', 'session', 'staff',
            'stock', 'supplier'
        )
    )
