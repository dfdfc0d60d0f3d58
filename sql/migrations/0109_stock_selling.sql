-- What is expected to be sold, to find among it what is sold out soon. Only restock runs write the rate.
-- done when: SELECT COUNT(*) FROM information_schema.statistics
--     WHERE table_schema = DATABASE() AND table_name = 'stock' AND index_name = 'stock_selling'
ALTER TABLE stock ADD KEY stock_selling (units_per_day_e6)
