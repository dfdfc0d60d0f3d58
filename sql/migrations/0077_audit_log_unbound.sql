-- The audit log gets another object.
-- done when: SELECT COUNT(*) = 0 FROM information_schema.table_constraints
--     WHERE table_schema = DATABASE() AND table_name = 'audit_log' AND constraint_name = 'audit_log_object_known'
ALTER TABLE audit_log
    /*M! DROP CONSTRAINT audit_log_object_known */
    /*!80016 DROP CHECK audit_log_object_known */
