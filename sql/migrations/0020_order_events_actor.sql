-- Who took the step: a staff account, a program's key, or neither for the customer and the shop itself.
-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'order_events' AND column_name = 'actor_api_key_id'
ALTER TABLE order_events
    ADD COLUMN actor_account_id BIGINT UNSIGNED NULL,
    ADD KEY order_events_actor_account (actor_account_id),
    ADD CONSTRAINT order_events_by_account FOREIGN KEY (actor_account_id) REFERENCES accounts (id) ON DELETE RESTRICT,
    ADD COLUMN actor_api_key_id BIGINT UNSIGNED NULL,
    ADD KEY order_events_actor_key (actor_api_key_id),
    ADD CONSTRAINT order_events_by_key FOREIGN KEY (actor_api_key_id) REFERENCES api_keys (id) ON DELETE RESTRICT
