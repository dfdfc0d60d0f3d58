-- A key with which a program calls; only its SHA-256 is kept. scopes are words with one space between. It is
-- revoked and never deleted, since the books name it.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'api_keys'
CREATE TABLE api_keys (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    name VARCHAR(100) NOT NULL,
    key_sha256 BINARY(32) NOT NULL,
    scopes VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    made_by_account_id BIGINT UNSIGNED NOT NULL,
    created_at DATETIME(6) NOT NULL,
    expires_at DATETIME(6) NOT NULL,
    last_used_at DATETIME(6) NULL,
    revoked_at DATETIME(6) NULL,
    PRIMARY KEY (id),
    UNIQUE KEY api_keys_key (key_sha256),
    KEY api_keys_maker (made_by_account_id),
    CONSTRAINT api_keys_made_by FOREIGN KEY (made_by_account_id) REFERENCES accounts (id) ON DELETE RESTRICT,
    CONSTRAINT api_keys_scopes CHECK (scopes <> '')
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
