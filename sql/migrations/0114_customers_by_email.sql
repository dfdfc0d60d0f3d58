-- A file's customers are found by their addresses.
-- done when: SELECT COUNT(*) FROM information_schema.statistics
--     WHERE table_schema = DATABASE() AND table_name = 'customers' AND index_name = 'customers_by_email'
ALTER TABLE customers ADD KEY customers_by_email (email)
