-- What the units on hand have cost, in ten-thousandths of the minor unit; last_value_delta is what the last movement
-- changed in it, for that movement's line. Divided by on_hand it is the moving average cost of a unit.
-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'stock' AND column_name = 'value_minor_e4'
ALTER TABLE stock
    ADD COLUMN value_minor_e4 DECIMAL(30, 0) NOT NULL DEFAULT 0,
    ADD COLUMN last_value_delta DECIMAL(30, 0) NOT NULL DEFAULT 0,
    ADD CONSTRAINT stock_value CHECK (value_minor_e4 >= 0 AND (on_hand > 0 OR value_minor_e4 = 0))
