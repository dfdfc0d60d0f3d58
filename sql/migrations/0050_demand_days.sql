-- What was demanded of a product on a day of the shop's calendar: the units of the orders placed on it, cancelled ones
-- left out, and what was available when it began and ended. A day on which nothing of that changed has no row. It is
-- derived from orders and ledger, kept 400 days, and refers to the product rather than to its stock, whose row orders lock.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'demand_days'
CREATE TABLE demand_days (
    product_id BIGINT UNSIGNED NOT NULL,
    day DATE NOT NULL,
    units BIGINT NOT NULL,
    available_at_start BIGINT NOT NULL,
    available_at_end BIGINT NOT NULL,
    PRIMARY KEY (product_id, day),
    KEY demand_days_by_day (day),
    CONSTRAINT demand_days_of_product FOREIGN KEY (product_id) REFERENCES products (id) ON DELETE RESTRICT,
    CONSTRAINT demand_days_units CHECK (units >= 0)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
