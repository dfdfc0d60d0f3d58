-- Of the last movement, as it stands in its line.
-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'stock' AND column_name = 'cost_unknown'
ALTER TABLE stock ADD COLUMN cost_unknown TINYINT NOT NULL DEFAULT 0
