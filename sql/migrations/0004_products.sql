-- The catalogue. sku_key is the SKU in upper case while the product is active and NULL once it is
-- archived, so an archived product's SKU is free again. Stock is in a table of its own: an order
-- line's foreign key locks this row, and stock changes must not wait for that. active is kept for the keys.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'products'
CREATE TABLE products (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    sku VARCHAR(64) NULL,
    sku_key VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    name VARCHAR(200) NOT NULL,
    description VARCHAR(5000) NULL,
    category VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    price_minor BIGINT NOT NULL,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    archived_at DATETIME(6) NULL,
    active TINYINT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE KEY products_sku (sku_key),
    KEY products_by_id (active, id),
    KEY products_by_name (active, name, id),
    KEY products_by_price (active, price_minor, id),
    KEY products_by_category (active, category, id),
    CONSTRAINT products_price CHECK (price_minor BETWEEN 0 AND 9999999999),
    CONSTRAINT products_active CHECK (active = (archived_at IS NULL)),
    CONSTRAINT products_archived_sku CHECK (archived_at IS NULL OR sku_key IS NULL)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
