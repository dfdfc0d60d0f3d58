-- Who can log in: a customer, or staff (no customer), who have a role and can be disabled. username_key is the
-- username in lower case. manager_left_at is when another manager was disabled or made a clerk and this one
-- stayed: written with that change, it makes two of them meet, also on two nodes of a cluster.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'accounts'
CREATE TABLE accounts (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    customer_id BIGINT UNSIGNED NULL,
    username VARCHAR(64) NOT NULL,
    username_key VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    password_hash VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    role VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    disabled_at DATETIME(6) NULL,
    manager_left_at DATETIME(6) NULL,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    PRIMARY KEY (id),
    UNIQUE KEY accounts_username (username_key),
    UNIQUE KEY accounts_customer (customer_id),
    CONSTRAINT accounts_of_customer FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE RESTRICT,
    CONSTRAINT accounts_role CHECK (role IN ('manager', 'clerk')),
    CONSTRAINT accounts_of_customer_or_staff CHECK ((customer_id IS NULL) = (role IS NOT NULL)),
    CONSTRAINT accounts_disabled_staff CHECK (disabled_at IS NULL OR role IS NOT NULL)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
