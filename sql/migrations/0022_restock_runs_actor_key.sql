-- The program's key that started the run.
-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'restock_runs' AND column_name = 'actor_api_key_id'
ALTER TABLE restock_runs
    ADD COLUMN actor_api_key_id BIGINT UNSIGNED NULL,
    ADD KEY restock_runs_actor_key (actor_api_key_id),
    ADD CONSTRAINT restock_runs_by_key FOREIGN KEY (actor_api_key_id) REFERENCES api_keys (id) ON DELETE RESTRICT
