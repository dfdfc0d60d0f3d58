-- A network from which an account has logged in, as a digest. The digest picks its place among the account's,
-- so an account has 64 at most and the newest stays.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'known_networks'
CREATE TABLE known_networks (
    account_id BIGINT UNSIGNED NOT NULL,
    place TINYINT UNSIGNED NOT NULL,
    network_sha256 BINARY(32) NOT NULL,
    PRIMARY KEY (account_id, place),
    CONSTRAINT known_networks_of_account FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE RESTRICT,
    CONSTRAINT known_networks_places CHECK (place < 64)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
