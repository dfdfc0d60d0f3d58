-- Why a step was taken that nobody asked for.
-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'order_events' AND column_name = 'reason'
ALTER TABLE order_events
    ADD COLUMN reason VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    ADD CONSTRAINT order_events_reason CHECK (reason IS NULL OR reason = 'unconfirmed')
