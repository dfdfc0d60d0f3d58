-- What became of a parcel, and that it was taken back.
-- done when: SELECT COUNT(*) FROM information_schema.table_constraints
--     WHERE table_schema = DATABASE() AND table_name = 'audit_log' AND constraint_name = 'audit_log_action_known'
ALTER TABLE audit_log
    /*M! DROP CONSTRAINT audit_log_action, */
    /*!80016 DROP CHECK audit_log_action, */
    ADD CONSTRAINT audit_log_action_known CHECK (
        action IN (
            'created', 'changed', 'removed', 'erased', 'archived', 'ended', 'placed', 'shipped', 'delivered',
            'cancelled', 'lost', 'returned', 'reopened', 'received', 'moved', 'started', 'repaired'
        )
    )
