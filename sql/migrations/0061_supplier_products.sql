-- What a supplier asks for a product. A unit's cost is in ten-thousandths of the minor unit, since a screw costs less
-- than a cent; so are those of price_breaks, JSON of [from_quantity, cost] with rising quantities. The one offer of a
-- product that is preferred has the product in preferred_product_id, and its UNIQUE key allows no second one.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'supplier_products'
CREATE TABLE supplier_products (
    supplier_id BIGINT UNSIGNED NOT NULL,
    product_id BIGINT UNSIGNED NOT NULL,
    supplier_sku VARCHAR(100) NULL,
    cost_minor_e4 BIGINT NOT NULL,
    pack_size BIGINT NOT NULL,
    minimum_quantity BIGINT NOT NULL,
    price_breaks TEXT NULL,
    preferred_product_id BIGINT UNSIGNED NULL,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    PRIMARY KEY (supplier_id, product_id),
    UNIQUE KEY supplier_products_one_preferred (preferred_product_id),
    KEY supplier_products_of_product (product_id, supplier_id),
    CONSTRAINT supplier_products_supplier FOREIGN KEY (supplier_id) REFERENCES suppliers (id) ON DELETE RESTRICT,
    CONSTRAINT supplier_products_product FOREIGN KEY (product_id) REFERENCES products (id) ON DELETE RESTRICT,
    CONSTRAINT supplier_products_cost CHECK (cost_minor_e4 BETWEEN 0 AND 99999999990000),
    CONSTRAINT supplier_products_pack CHECK (pack_size BETWEEN 1 AND 1000000),
    CONSTRAINT supplier_products_minimum CHECK (minimum_quantity BETWEEN 1 AND 1000000000),
    CONSTRAINT supplier_products_preferred CHECK (preferred_product_id IS NULL OR preferred_product_id = product_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
