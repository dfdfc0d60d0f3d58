-- A parcel that never came, and one that came back.
-- done when: SELECT COUNT(*) FROM information_schema.table_constraints
--     WHERE table_schema = DATABASE() AND table_name = 'orders' AND constraint_name = 'orders_status_known'
ALTER TABLE orders
    /*M! DROP CONSTRAINT orders_status, */
    /*!80016 DROP CHECK orders_status, */
    ADD CONSTRAINT orders_status_known CHECK (status IN ('placed', 'shipped', 'delivered', 'cancelled', 'lost', 'returned'))
