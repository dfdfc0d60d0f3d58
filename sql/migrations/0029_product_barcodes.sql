-- The barcodes of the active products, each written as the 14 digits that its shorter forms stand for: a scan
-- finds one product. An archived product has none here, so they are free again.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'product_barcodes'
CREATE TABLE product_barcodes (
    gtin CHAR(14) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    product_id BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (gtin),
    KEY product_barcodes_of_product (product_id),
    CONSTRAINT product_barcodes_product FOREIGN KEY (product_id) REFERENCES products (id) ON DELETE RESTRICT
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
