-- A parcel's number finds its orders.
-- done when: SELECT COUNT(*) FROM information_schema.statistics
--     WHERE table_schema = DATABASE() AND table_name = 'orders' AND index_name = 'orders_by_tracking'
ALTER TABLE orders ADD KEY orders_by_tracking (tracking_number, placed_at, id)
