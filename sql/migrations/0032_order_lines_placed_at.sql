-- When the order was placed stands in its lines too, so that the orders of a product are found in the order of
-- their times. The default is for a process of the release before, which does not know the column yet.
-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'order_lines' AND column_name = 'placed_at'
ALTER TABLE order_lines
    ADD COLUMN placed_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    ADD KEY order_lines_of_product_by_time (product_id, placed_at, order_id),
    DROP KEY order_lines_by_product
