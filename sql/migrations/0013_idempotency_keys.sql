-- An answer that was given under a caller's Idempotency-Key, so that a retry gets it again. The row is
-- written in the transaction that does the work. customer_id is the person whose data the answer may hold.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'idempotency_keys'
CREATE TABLE idempotency_keys (
    caller VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    idempotency_key VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    request_sha256 BINARY(32) NOT NULL,
    status SMALLINT NOT NULL,
    location VARCHAR(255) NOT NULL,
    body MEDIUMTEXT NOT NULL,
    order_id BIGINT UNSIGNED NULL,
    customer_id BIGINT UNSIGNED NULL,
    created_at DATETIME(6) NOT NULL,
    PRIMARY KEY (caller, idempotency_key),
    KEY idempotency_keys_by_age (created_at),
    KEY idempotency_keys_by_customer (customer_id),
    UNIQUE KEY idempotency_keys_order (order_id),
    CONSTRAINT idempotency_keys_of_order FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE RESTRICT,
    CONSTRAINT idempotency_keys_of_customer FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE RESTRICT
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
