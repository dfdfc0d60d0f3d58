-- The program's key that placed the order, where neither the customer nor staff did.
-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'orders' AND column_name = 'actor_api_key_id'
ALTER TABLE orders
    ADD COLUMN actor_api_key_id BIGINT UNSIGNED NULL,
    ADD KEY orders_actor_key (actor_api_key_id),
    ADD CONSTRAINT orders_by_key FOREIGN KEY (actor_api_key_id) REFERENCES api_keys (id) ON DELETE RESTRICT
