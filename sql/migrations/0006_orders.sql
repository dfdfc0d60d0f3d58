-- An order. Its total is frozen at placement. The row is also the first step of its history, with who placed
-- it: a staff account, or none for the customer; the later steps are in order_events.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'orders'
CREATE TABLE orders (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    customer_id BIGINT UNSIGNED NOT NULL,
    status VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    currency CHAR(3) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    total_minor BIGINT NOT NULL,
    shipping_address VARCHAR(500) NULL,
    note VARCHAR(1000) NULL,
    carrier VARCHAR(100) NULL,
    tracking_number VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    placed_at DATETIME(6) NOT NULL,
    actor_account_id BIGINT UNSIGNED NULL,
    expected_delivery_date DATE NOT NULL,
    PRIMARY KEY (id),
    KEY orders_by_time (placed_at, id),
    KEY orders_by_customer (customer_id, placed_at, id),
    KEY orders_by_status (status, placed_at, id),
    KEY orders_of_actor (actor_account_id),
    CONSTRAINT orders_of_customer FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE RESTRICT,
    CONSTRAINT orders_by_actor FOREIGN KEY (actor_account_id) REFERENCES accounts (id) ON DELETE RESTRICT,
    CONSTRAINT orders_status CHECK (status IN ('placed', 'shipped', 'delivered', 'cancelled')),
    CONSTRAINT orders_total CHECK (total_minor >= 0)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
