-- The customers in the order of their last change.
-- done when: SELECT COUNT(*) FROM information_schema.statistics
--     WHERE table_schema = DATABASE() AND table_name = 'customers' AND index_name = 'customers_by_update'
ALTER TABLE customers ADD KEY customers_by_update (updated_at, id)
