-- How many of a product's suggestions are judged and known, how many of them were reached, and the sum of what was wanted
-- of them in thousandths: counted along, since a shop may keep millions.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'hit_rates'
CREATE TABLE hit_rates (
    product_id BIGINT UNSIGNED NOT NULL,
    judged BIGINT NOT NULL,
    reached BIGINT NOT NULL,
    wanted BIGINT NOT NULL,
    PRIMARY KEY (product_id),
    CONSTRAINT hit_rates_of_product FOREIGN KEY (product_id) REFERENCES products (id) ON DELETE RESTRICT
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
