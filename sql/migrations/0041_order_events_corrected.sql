-- The history holds corrections too, an entry for each field, and steps may be taken back, so step only counts the
-- entries: each says from where it came. Of an address and a note of the customer no values are kept. An entry without
-- from_status is one of a release before, whose rule it keeps.
-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'order_events' AND column_name = 'from_status'
ALTER TABLE order_events
    ADD COLUMN from_status VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    ADD COLUMN note VARCHAR(500) NULL,
    ADD COLUMN corrected VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    ADD COLUMN old_value VARCHAR(100) NULL,
    ADD COLUMN new_value VARCHAR(100) NULL,
    /*M! DROP CONSTRAINT order_events_legal, */
    /*!80016 DROP CHECK order_events_legal, */
    ADD CONSTRAINT order_events_legal CHECK (
        (from_status IS NULL AND corrected IS NULL AND (
            (step = 2 AND status IN ('shipped', 'cancelled'))
            OR (step = 3 AND status = 'delivered')
        ))
        OR (from_status IS NOT NULL AND corrected IS NULL AND step >= 2 AND (
            (from_status = 'placed' AND status IN ('shipped', 'cancelled'))
            OR (from_status = 'shipped' AND status IN ('delivered', 'lost', 'returned'))
            OR (from_status = 'lost' AND status IN ('delivered', 'returned'))
            OR (from_status IN ('delivered', 'lost', 'returned') AND status = 'shipped')
        ))
        OR (from_status IS NOT NULL AND corrected IS NOT NULL AND step >= 2 AND from_status = status AND (
            (corrected IN ('shipping_address', 'note') AND status = 'placed')
            OR (corrected = 'expected_delivery_date' AND status IN ('placed', 'shipped'))
            OR (corrected IN ('carrier', 'tracking_number') AND status IN ('shipped', 'delivered', 'lost', 'returned'))
        ))
    ),
    ADD CONSTRAINT order_events_values CHECK (
        (old_value IS NULL AND new_value IS NULL)
        OR (corrected IS NOT NULL AND corrected IN ('expected_delivery_date', 'carrier', 'tracking_number'))
    )
