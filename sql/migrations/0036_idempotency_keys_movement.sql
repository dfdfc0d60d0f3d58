-- The movement whose note the answer shows, so that it is found when the note is changed for a person's sake.
-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'idempotency_keys' AND column_name = 'movement_id'
ALTER TABLE idempotency_keys
    ADD COLUMN movement_id BIGINT UNSIGNED NULL,
    ADD UNIQUE KEY idempotency_keys_movement (movement_id),
    ADD CONSTRAINT idempotency_keys_of_movement FOREIGN KEY (movement_id) REFERENCES stock_movements (id) ON DELETE RESTRICT
