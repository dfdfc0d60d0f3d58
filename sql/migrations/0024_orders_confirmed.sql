-- When somebody behind the counter confirmed an order, and who: a staff account or a program's key. And the key by
-- which a customer's open orders are counted.
-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'orders' AND column_name = 'confirmed_at'
ALTER TABLE orders
    ADD COLUMN confirmed_at DATETIME(6) NULL,
    ADD COLUMN confirmed_by_account_id BIGINT UNSIGNED NULL,
    ADD COLUMN confirmed_by_api_key_id BIGINT UNSIGNED NULL,
    ADD KEY orders_confirmed_account (confirmed_by_account_id),
    ADD KEY orders_confirmed_key (confirmed_by_api_key_id),
    ADD KEY orders_of_customer_by_status (customer_id, status),
    ADD CONSTRAINT orders_confirmed_by_account FOREIGN KEY (confirmed_by_account_id) REFERENCES accounts (id) ON DELETE RESTRICT,
    ADD CONSTRAINT orders_confirmed_by_key FOREIGN KEY (confirmed_by_api_key_id) REFERENCES api_keys (id) ON DELETE RESTRICT
