-- That a webhook was made or changed.
-- done when: SELECT COUNT(*) FROM information_schema.table_constraints
--     WHERE table_schema = DATABASE() AND table_name = 'audit_log' AND constraint_name = 'audit_log_object_with_webhooks'
ALTER TABLE audit_log
    /*M! DROP CONSTRAINT audit_log_object_is_known, */
    /*!80016 DROP CHECK audit_log_object_is_known, */
    ADD CONSTRAINT audit_log_object_with_webhooks CHECK (
        object IN (
            'account', 'api_key', 'customer', 'order', 'product', 'purchase_order', 'restock_run', 'session', 'staff',
            'stock', 'stock_take', 'supplier', 'verification', 'webhook'
        )
    )
