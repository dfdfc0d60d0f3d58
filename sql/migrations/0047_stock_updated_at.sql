-- When the figures or the rule of a product's stock were last changed, set by the database like that of an order. There
-- is no key on it: every line of an order would move an entry of it, which makes an order a tenth dearer, and what
-- looks for changes reads a short row a product.
-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'stock' AND column_name = 'updated_at'
ALTER TABLE stock
    ADD COLUMN updated_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)
