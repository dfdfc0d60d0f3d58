-- The products in the order of their last change.
-- done when: SELECT COUNT(*) FROM information_schema.statistics
--     WHERE table_schema = DATABASE() AND table_name = 'products' AND index_name = 'products_by_update'
ALTER TABLE products ADD KEY products_by_update (active, updated_at, id)
