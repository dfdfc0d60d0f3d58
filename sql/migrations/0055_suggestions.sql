-- The reorder point that was suggested for a watched product on a day, with the probability that was wanted of it. From
-- due_day on the days of its lead time are over; once it is judged that is NULL, demanded is what was demanded in them,
-- and reached whether the point would have lasted, NULL where stock ran out and nobody knows. Kept 400 days.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'suggestions'
CREATE TABLE suggestions (
    product_id BIGINT UNSIGNED NOT NULL,
    day DATE NOT NULL,
    due_day DATE NULL,
    suggested BIGINT NOT NULL,
    service_level SMALLINT NOT NULL,
    demanded BIGINT NULL,
    reached TINYINT NULL,
    PRIMARY KEY (product_id, day),
    KEY suggestions_due (due_day, product_id, day),
    KEY suggestions_by_day (day),
    CONSTRAINT suggestions_of_product FOREIGN KEY (product_id) REFERENCES products (id) ON DELETE RESTRICT,
    CONSTRAINT suggestions_judged CHECK (due_day IS NULL OR (demanded IS NULL AND reached IS NULL))
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
