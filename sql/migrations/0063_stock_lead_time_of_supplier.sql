-- A product's own lead time is optional: without one its preferred supplier's counts.
-- done when: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'stock'
--     AND column_name = 'lead_time_days' AND is_nullable = 'YES'
ALTER TABLE stock MODIFY lead_time_days INT NULL
