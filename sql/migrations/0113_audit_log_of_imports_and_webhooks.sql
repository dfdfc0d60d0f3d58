-- That a file was read, applied and undone, and that a webhook was made or changed.
-- done when: SELECT COUNT(*) FROM information_schema.table_constraints
--     WHERE table_schema = DATABASE() AND table_name = 'audit_log' AND constraint_name = 'audit_log_object_with_imports'
ALTER TABLE audit_log
    /*M! DROP CONSTRAINT audit_log_action_with_takes, DROP CONSTRAINT audit_log_object_is_known, */
    /*!80016 DROP CHECK audit_log_action_with_takes, DROP CHECK audit_log_object_is_known, */
    ADD CONSTRAINT audit_log_action_with_imports CHECK (
        action IN (
            'created', 'changed', 'removed', 'erased', 'archived', 'ended', 'placed', 'shipped', 'delivered',
            'cancelled', 'lost', 'returned', 'reopened', 'received', 'moved', 'booked', 'started', 'repaired', 'applied',
            'undone'
        )
    ),
    ADD CONSTRAINT audit_log_object_with_imports CHECK (
        object IN (
            'account', 'api_key', 'customer', 'import', 'order', 'product', 'purchase_order', 'restock_run', 'session',
            'staff', 'stock', 'stock_take', 'supplier', 'verification', 'webhook'
        )
    )
