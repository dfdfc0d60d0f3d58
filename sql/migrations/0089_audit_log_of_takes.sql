-- Stock takes, and that one was booked.
-- done when: SELECT COUNT(*) FROM information_schema.table_constraints
--     WHERE table_schema = DATABASE() AND table_name = 'audit_log' AND constraint_name = 'audit_log_object_with_takes'
ALTER TABLE audit_log
    /*M! DROP CONSTRAINT audit_log_action_known, DROP CONSTRAINT audit_log_object_named, */
    /*!80016 DROP CHECK audit_log_action_known, DROP CHECK audit_log_object_named, */
    ADD CONSTRAINT audit_log_action_with_takes CHECK (
        action IN (
            'created', 'changed', 'removed', 'erased', 'archived', 'ended', 'placed', 'shipped', 'delivered',
            'cancelled', 'lost', 'returned', 'reopened', 'received', 'moved', 'booked', 'started', 'repaired'
        )
    ),
    ADD CONSTRAINT audit_log_object_with_takes CHECK (
        object IN (
            'account', 'api_key', 'customer', 'order', 'product', 'purchase_order', 'restock_run', 'session', 'staff',
            'stock', 'stock_take', 'supplier'
        )
    )
