-- The rule that a run saw, whole. Lines of before were written when every product had this one.
-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'restock_run_lines' AND column_name = 'service_level'
ALTER TABLE restock_run_lines ADD COLUMN service_level SMALLINT NOT NULL DEFAULT 950
