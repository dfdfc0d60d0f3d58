-- What is expected to be sold a day, in millionths, as the last run has found it; NULL where nothing is. It is kept in the
-- row so that lists can be sorted by how long the stock lasts.
-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'stock' AND column_name = 'units_per_day_e6'
ALTER TABLE stock
    ADD COLUMN units_per_day_e6 BIGINT NULL,
    ADD CONSTRAINT stock_units_per_day CHECK (units_per_day_e6 > 0)
