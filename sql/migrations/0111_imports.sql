-- A file that is to be taken over. The counts of the dry run stay; the others say how far its rows are applied or undone.
-- next_number is the row from which applying or undoing goes on; what is before it is decided.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'imports'
CREATE TABLE imports (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    type VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    status VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    source VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    encoding VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    delimiter VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    columns_found MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    blank VARCHAR(8) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    counted_at DATETIME(6) NOT NULL,
    to_create INT UNSIGNED NOT NULL DEFAULT 0,
    to_change INT UNSIGNED NOT NULL DEFAULT 0,
    same INT UNSIGNED NOT NULL DEFAULT 0,
    refused INT UNSIGNED NOT NULL DEFAULT 0,
    joined INT UNSIGNED NOT NULL DEFAULT 0,
    applied INT UNSIGNED NOT NULL DEFAULT 0,
    not_applied INT UNSIGNED NOT NULL DEFAULT 0,
    undone INT UNSIGNED NOT NULL DEFAULT 0,
    not_undone INT UNSIGNED NOT NULL DEFAULT 0,
    next_number INT UNSIGNED NOT NULL DEFAULT 0,
    actor_account_id BIGINT UNSIGNED NULL,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    PRIMARY KEY (id),
    KEY imports_by_age (updated_at, id),
    KEY imports_actor (actor_account_id),
    CONSTRAINT imports_by_account FOREIGN KEY (actor_account_id) REFERENCES accounts (id) ON DELETE RESTRICT,
    CONSTRAINT imports_status CHECK (status IN ('reading', 'ready', 'applying', 'applied', 'undoing', 'undone')),
    CONSTRAINT imports_type CHECK (type IN ('products', 'stock', 'customers', 'suppliers'))
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
