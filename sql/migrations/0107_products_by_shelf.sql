-- What stands on a shelf, for its labels.
-- done when: SELECT COUNT(*) FROM information_schema.statistics
--     WHERE table_schema = DATABASE() AND table_name = 'products' AND index_name = 'products_by_shelf'
ALTER TABLE products ADD KEY products_by_shelf (active, shelf, id)
