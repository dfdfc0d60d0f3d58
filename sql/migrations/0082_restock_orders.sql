-- Purchase orders have taken their place.
-- done when: SELECT COUNT(*) = 0 FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'restock_orders'
DROP TABLE restock_orders
