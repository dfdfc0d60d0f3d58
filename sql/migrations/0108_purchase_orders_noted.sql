-- The purchase orders with a note: an erasure reads them all.
-- done when: SELECT COUNT(*) FROM information_schema.statistics
--     WHERE table_schema = DATABASE() AND table_name = 'purchase_orders' AND index_name = 'purchase_orders_noted'
ALTER TABLE purchase_orders ADD KEY purchase_orders_noted (note (1))
