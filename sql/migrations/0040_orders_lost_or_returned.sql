-- A parcel that never came, and one that came back.
-- done when: SELECT COUNT(*) FROM information_schema.check_constraints
--     WHERE constraint_schema = DATABASE() AND constraint_name = 'orders_status' AND check_clause LIKE '%returned%'
ALTER TABLE orders
    /*M! DROP CONSTRAINT orders_status, */
    /*!80016 DROP CHECK orders_status, */
    ADD CONSTRAINT orders_status CHECK (status IN ('placed', 'shipped', 'delivered', 'cancelled', 'lost', 'returned'))
