-- What came of a purchase order, product by product; receipt counts the deliveries of an order from 1. What was
-- accepted is in the ledger too, with its note; what was rejected went back or away.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'purchase_order_receipts'
CREATE TABLE purchase_order_receipts (
    purchase_order_id BIGINT UNSIGNED NOT NULL,
    receipt INT NOT NULL,
    product_id BIGINT UNSIGNED NOT NULL,
    accepted BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    actor_account_id BIGINT UNSIGNED NULL,
    actor_api_key_id BIGINT UNSIGNED NULL,
    at DATETIME(6) NOT NULL,
    PRIMARY KEY (purchase_order_id, receipt, product_id),
    KEY purchase_order_receipts_of_line (purchase_order_id, product_id),
    KEY purchase_order_receipts_actor (actor_account_id),
    KEY purchase_order_receipts_key (actor_api_key_id),
    CONSTRAINT purchase_order_receipts_line FOREIGN KEY (purchase_order_id, product_id)
        REFERENCES purchase_order_lines (purchase_order_id, product_id) ON DELETE RESTRICT,
    CONSTRAINT purchase_order_receipts_by_actor FOREIGN KEY (actor_account_id) REFERENCES accounts (id) ON DELETE RESTRICT,
    CONSTRAINT purchase_order_receipts_by_key FOREIGN KEY (actor_api_key_id) REFERENCES api_keys (id) ON DELETE RESTRICT,
    CONSTRAINT purchase_order_receipts_units CHECK (accepted >= 0 AND rejected >= 0 AND accepted + rejected > 0)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
