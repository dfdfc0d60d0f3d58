-- With which probability the suggested reorder point lasts until an order is there, in thousandths.
-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'stock' AND column_name = 'service_level'
ALTER TABLE stock
    ADD COLUMN service_level SMALLINT NOT NULL DEFAULT 950,
    ADD CONSTRAINT stock_service_level CHECK (service_level BETWEEN 500 AND 999)
