-- The note of a purchase order may name somebody who was erased too: a mention is of a movement or of an order.
-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'mentions' AND column_name = 'purchase_order_id'
ALTER TABLE mentions
    DROP PRIMARY KEY,
    ADD COLUMN id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT FIRST,
    MODIFY movement_id BIGINT UNSIGNED NULL,
    ADD COLUMN purchase_order_id BIGINT UNSIGNED NULL,
    ADD PRIMARY KEY (id),
    ADD UNIQUE KEY mentions_one_of_movement (movement_id),
    ADD UNIQUE KEY mentions_one_of_purchase_order (purchase_order_id),
    DROP KEY mentions_of_customer,
    ADD KEY mentions_of_customer (customer_id, id),
    ADD CONSTRAINT mentions_of_purchase_order FOREIGN KEY (purchase_order_id) REFERENCES purchase_orders (id) ON DELETE RESTRICT,
    ADD CONSTRAINT mentions_of_one CHECK ((movement_id IS NULL) <> (purchase_order_id IS NULL))
