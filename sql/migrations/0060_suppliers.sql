-- Whom the shop buys from, in its own currency. order_days are the days of the week on which it orders there, as a sum:
-- Monday is 1, Tuesday 2, Wednesday 4, and Sunday 64; 0 is any day. active is kept for the keys, as with products.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'suppliers'
CREATE TABLE suppliers (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    name VARCHAR(200) NOT NULL,
    email VARCHAR(254) NULL,
    phone VARCHAR(60) NULL,
    lead_time_days INT NOT NULL,
    order_days TINYINT UNSIGNED NOT NULL,
    minimum_order_minor BIGINT NULL,
    note VARCHAR(2000) NULL,
    search_text VARCHAR(700) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    archived_at DATETIME(6) NULL,
    active TINYINT NOT NULL,
    PRIMARY KEY (id),
    KEY suppliers_by_search (active, id, search_text),
    KEY suppliers_by_update (active, updated_at, id),
    CONSTRAINT suppliers_lead_time CHECK (lead_time_days BETWEEN 0 AND 365),
    CONSTRAINT suppliers_order_days CHECK (order_days <= 127),
    CONSTRAINT suppliers_minimum_order CHECK (minimum_order_minor BETWEEN 0 AND 9999999999),
    CONSTRAINT suppliers_active CHECK (active = (archived_at IS NULL))
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
