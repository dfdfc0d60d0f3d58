-- What the products of a category sell a day on average, as the last run found it: of those that are in the catalogue and
-- were added eight weeks ago or earlier, in the last eight weeks. A new product's forecast begins with it.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'category_demand'
CREATE TABLE category_demand (
    category VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    units_per_day DOUBLE NOT NULL,
    PRIMARY KEY (category)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
