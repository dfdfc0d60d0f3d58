-- 0 was what every product began with. It is nobody's where no rule was ever written: no point, no target, no multiple,
-- and no entry of the audit log that names the lead time. Whoever wrote a rule may have meant its 0, which stays.
UPDATE stock s SET s.lead_time_days = NULL
WHERE s.lead_time_days = 0 AND s.reorder_point IS NULL AND s.reorder_target IS NULL AND s.reorder_multiple = 1
    AND NOT EXISTS (
        SELECT 1 FROM audit_log a
        WHERE a.object = 'stock' AND a.object_id = s.product_id AND FIND_IN_SET('lead_time_days', a.fields) > 0
    )
