-- Whether among the units that moved, or stay, are some that came at nothing since nobody knew what they cost. Carried along
-- like the balance, until the shelf is empty and units of a known cost come.
-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'stock_movements' AND column_name = 'cost_unknown'
ALTER TABLE stock_movements ADD COLUMN cost_unknown TINYINT NOT NULL DEFAULT 0
