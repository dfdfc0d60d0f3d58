-- A person who orders. Erasure leaves the row, without the person in it, for the orders to point at.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'customers'
CREATE TABLE customers (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    name VARCHAR(200) NULL,
    email VARCHAR(254) NULL,
    phone VARCHAR(32) NULL,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    erased_at DATETIME(6) NULL,
    PRIMARY KEY (id),
    CONSTRAINT customers_whole_or_erased CHECK (
        (erased_at IS NULL AND name IS NOT NULL AND email IS NOT NULL AND phone IS NOT NULL)
        OR (erased_at IS NOT NULL AND name IS NULL AND email IS NULL AND phone IS NULL)
    )
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
