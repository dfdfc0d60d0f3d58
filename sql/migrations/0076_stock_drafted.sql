-- What is on drafts of purchase orders.
-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'stock' AND column_name = 'drafted'
ALTER TABLE stock
    ADD COLUMN drafted BIGINT NOT NULL DEFAULT 0,
    ADD CONSTRAINT stock_drafted CHECK (drafted >= 0)
