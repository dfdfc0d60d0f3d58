-- A token that was handed out; only its SHA-256 is kept, and the id names the session where it is listed. A guest's session has no account, a staff
-- session no customer.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'sessions'
CREATE TABLE sessions (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    token_sha256 BINARY(32) NOT NULL,
    customer_id BIGINT UNSIGNED NULL,
    account_id BIGINT UNSIGNED NULL,
    created_at DATETIME(6) NOT NULL,
    last_used_at DATETIME(6) NOT NULL,
    expires_at DATETIME(6) NOT NULL,
    PRIMARY KEY (id),
    UNIQUE KEY sessions_token (token_sha256),
    KEY sessions_customer (customer_id),
    KEY sessions_account (account_id),
    KEY sessions_expiry (expires_at),
    KEY sessions_idle (last_used_at),
    CONSTRAINT sessions_of_customer FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE RESTRICT,
    CONSTRAINT sessions_of_account FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE RESTRICT,
    CONSTRAINT sessions_of_somebody CHECK (customer_id IS NOT NULL OR account_id IS NOT NULL)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
