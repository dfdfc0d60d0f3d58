-- What became of a parcel, and that it was taken back.
-- done when: SELECT COUNT(*) FROM information_schema.check_constraints
--     WHERE constraint_schema = DATABASE() AND constraint_name = 'audit_log_action' AND check_clause LIKE '%reopened%'
ALTER TABLE audit_log
    /*M! DROP CONSTRAINT audit_log_action, */
    /*!80016 DROP CHECK audit_log_action, */
    ADD CONSTRAINT audit_log_action CHECK (
        action IN (
            'created', 'changed', 'removed', 'erased', 'archived', 'ended', 'placed', 'shipped', 'delivered',
            'cancelled', 'lost', 'returned', 'reopened', 'received', 'moved', 'started', 'repaired'
        )
    )
