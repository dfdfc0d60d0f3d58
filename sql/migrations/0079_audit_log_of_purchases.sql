-- What the audit log is about from now on.
-- done when: SELECT COUNT(*) FROM information_schema.table_constraints
--     WHERE table_schema = DATABASE() AND table_name = 'audit_log' AND constraint_name = 'audit_log_object_named'
ALTER TABLE audit_log
    ADD CONSTRAINT audit_log_object_named CHECK (
        object IN (
            'account', 'api_key', 'customer', 'order', 'product', 'purchase_order', 'restock_run', 'session', 'staff',
            'stock', 'supplier'
        )
    )
