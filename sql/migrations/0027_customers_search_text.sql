-- Telephone numbers with extensions; no more, so that the column grows in place. search_text is the row in the form
-- in which `q` looks for words, with the telephone number's digits, written with the row.
-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'customers' AND column_name = 'search_text'
ALTER TABLE customers
    MODIFY phone VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci NULL,
    ADD COLUMN search_text VARCHAR(700) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    ADD CONSTRAINT customers_erased_search_text CHECK (erased_at IS NULL OR search_text IS NULL)
