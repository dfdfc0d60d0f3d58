-- They name the purchase order; what a run saw on drafts, and put there; and a reason that may be longer.
-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'restock_run_lines' AND column_name = 'purchase_order_id'
ALTER TABLE restock_run_lines
    CHANGE restock_order_id purchase_order_id BIGINT UNSIGNED NULL,
    MODIFY reason VARCHAR(1000) NOT NULL,
    ADD COLUMN drafted BIGINT NOT NULL DEFAULT 0,
    ADD CONSTRAINT restock_run_lines_for_purchase FOREIGN KEY (purchase_order_id)
        REFERENCES purchase_orders (id) ON DELETE RESTRICT,
    ADD CONSTRAINT restock_run_lines_outcome_known CHECK (
        outcome IN ('drafted', 'ordered', 'received', 'nothing', 'failed')
    )
