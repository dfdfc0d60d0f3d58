-- What else people say of a product. barcodes and image_urls are JSON, written and read as a whole; what is
-- looked for by a barcode is in product_barcodes. slug_key is the slug in lower case while the product is
-- active, as sku_key is the SKU.
-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'products' AND column_name = 'slug_key'
ALTER TABLE products
    ADD COLUMN barcodes TEXT NULL,
    ADD COLUMN shelf VARCHAR(100) NULL,
    ADD COLUMN image_urls MEDIUMTEXT NULL,
    ADD COLUMN slug VARCHAR(255) NULL,
    ADD COLUMN slug_key VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    ADD UNIQUE KEY products_slug (slug_key),
    ADD CONSTRAINT products_archived_slug CHECK (archived_at IS NULL OR slug_key IS NULL)
