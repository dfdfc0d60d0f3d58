-- What became of an order after its placement, which is its own row: step 2 is its shipping or its
-- cancelling, step 3 the delivery, so the key alone keeps an order from being shipped and cancelled.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'order_events'
CREATE TABLE order_events (
    order_id BIGINT UNSIGNED NOT NULL,
    step TINYINT NOT NULL,
    status VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    at DATETIME(6) NOT NULL,
    PRIMARY KEY (order_id, step),
    CONSTRAINT order_events_of_order FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE RESTRICT,
    CONSTRAINT order_events_legal CHECK (
        (step = 2 AND status IN ('shipped', 'cancelled'))
        OR (step = 3 AND status = 'delivered')
    )
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
