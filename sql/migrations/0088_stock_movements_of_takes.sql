-- What a stock take booked names its line, which books once.
-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'stock_movements' AND column_name = 'stock_take_id'
ALTER TABLE stock_movements
    ADD COLUMN stock_take_id BIGINT UNSIGNED NULL,
    ADD UNIQUE KEY stock_movements_of_take (stock_take_id, product_id),
    ADD CONSTRAINT stock_movements_for_take FOREIGN KEY (stock_take_id, product_id)
        REFERENCES stock_take_lines (stock_take_id, product_id) ON DELETE RESTRICT,
    ADD CONSTRAINT stock_movements_take_counts CHECK (stock_take_id IS NULL OR reason = 'stock_take')
