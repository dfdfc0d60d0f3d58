-- Longer categories and descriptions, as other shops' files have them. sku_key is the SKU in capitals, of which a
-- letter may need three. search_text is the row in the form in which `q` looks for words, written with the row;
-- the key holds all of it, so that looking reads nothing else.
-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'products' AND column_name = 'search_text'
ALTER TABLE products
    MODIFY sku_key VARCHAR(192) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    MODIFY description MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci NULL,
    MODIFY category VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    ADD COLUMN search_text VARCHAR(700) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    ADD KEY products_by_search (active, id, search_text)
