-- The lead time that a run went by, beside the product's own. A run of before went by that one.
-- done when: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
--     AND table_name = 'restock_run_lines' AND column_name = 'effective_lead_time_days'
ALTER TABLE restock_run_lines
    MODIFY lead_time_days INT NULL,
    ADD COLUMN effective_lead_time_days INT NULL
