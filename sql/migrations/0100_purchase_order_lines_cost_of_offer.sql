-- Whether the cost of a line is what the supplier asks, and follows its price breaks; otherwise somebody wrote it, and it
-- stays. Of what stands on drafts by now nobody knows, so it stays.
-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'purchase_order_lines' AND column_name = 'cost_of_offer'
ALTER TABLE purchase_order_lines ADD COLUMN cost_of_offer TINYINT NOT NULL DEFAULT 0
