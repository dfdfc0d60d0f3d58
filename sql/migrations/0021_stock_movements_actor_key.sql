-- The program's key that moved the units.
-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'stock_movements' AND column_name = 'actor_api_key_id'
ALTER TABLE stock_movements
    ADD COLUMN actor_api_key_id BIGINT UNSIGNED NULL,
    ADD KEY stock_movements_actor_key (actor_api_key_id),
    ADD CONSTRAINT stock_movements_by_key FOREIGN KEY (actor_api_key_id) REFERENCES api_keys (id) ON DELETE RESTRICT
