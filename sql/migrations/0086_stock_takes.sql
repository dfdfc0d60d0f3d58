-- Counting the shelves: of all active products, of a category, or of what stands on a shelf whose text begins so.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'stock_takes'
CREATE TABLE stock_takes (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    status VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    category VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    shelf VARCHAR(100) NULL,
    note VARCHAR(2000) NULL,
    actor_account_id BIGINT UNSIGNED NULL,
    actor_api_key_id BIGINT UNSIGNED NULL,
    opened_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    closed_at DATETIME(6) NULL,
    PRIMARY KEY (id),
    KEY stock_takes_by_status (status, id),
    KEY stock_takes_actor (actor_account_id),
    KEY stock_takes_key (actor_api_key_id),
    CONSTRAINT stock_takes_by_actor FOREIGN KEY (actor_account_id) REFERENCES accounts (id) ON DELETE RESTRICT,
    CONSTRAINT stock_takes_by_key FOREIGN KEY (actor_api_key_id) REFERENCES api_keys (id) ON DELETE RESTRICT,
    CONSTRAINT stock_takes_status CHECK (status IN ('open', 'booked', 'cancelled')),
    CONSTRAINT stock_takes_selection CHECK (category IS NULL OR shelf IS NULL),
    CONSTRAINT stock_takes_closed CHECK ((status = 'open') = (closed_at IS NULL))
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
