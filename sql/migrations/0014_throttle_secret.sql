-- The shop's secret for the throttle, made by whichever process counts first. Without it nobody can work out
-- which counter belongs to whom, nor read an address out of known_networks.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'throttle_secret'
CREATE TABLE throttle_secret (
    id TINYINT UNSIGNED NOT NULL,
    secret BINARY(32) NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT throttle_secret_is_one CHECK (id = 1)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
