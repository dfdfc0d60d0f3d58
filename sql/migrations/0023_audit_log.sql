-- What staff, programs and operators' commands changed, written with the change: who, from where, what was done
-- to what, and the names of the fields, with a comma between. Never a value, and nothing about a person.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'audit_log'
CREATE TABLE audit_log (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    at DATETIME(6) NOT NULL,
    account_id BIGINT UNSIGNED NULL,
    api_key_id BIGINT UNSIGNED NULL,
    command VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    address VARCHAR(45) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    action VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    object VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    object_id BIGINT UNSIGNED NOT NULL,
    fields VARCHAR(500) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    PRIMARY KEY (id),
    KEY audit_log_by_time (at, id),
    KEY audit_log_by_account (account_id, at, id),
    KEY audit_log_by_key (api_key_id, at, id),
    KEY audit_log_by_command (command, at, id),
    KEY audit_log_by_object (object, object_id, at, id),
    CONSTRAINT audit_log_of_account FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE RESTRICT,
    CONSTRAINT audit_log_of_key FOREIGN KEY (api_key_id) REFERENCES api_keys (id) ON DELETE RESTRICT,
    CONSTRAINT audit_log_one_maker CHECK (
        (account_id IS NOT NULL) + (api_key_id IS NOT NULL) + (command IS NOT NULL) = 1
    ),
    CONSTRAINT audit_log_action CHECK (
        action IN (
            'created', 'changed', 'removed', 'erased', 'archived', 'ended', 'placed', 'shipped', 'delivered',
            'cancelled', 'received', 'moved', 'started', 'repaired'
        )
    ),
    CONSTRAINT audit_log_object CHECK (
        object IN (
            'account', 'api_key', 'customer', 'order', 'product', 'restock_order', 'restock_run', 'session', 'staff',
            'stock'
        )
    )
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
