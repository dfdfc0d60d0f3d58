-- Data for measuring: @rows products with stock and the ledger line that explains it, and @customers customers with a
-- session each (the token is bench-token-NNNNNN).
INSERT INTO customers (id, name, email, phone, created_at, updated_at)
    SELECT seq, CONCAT('Customer ', seq), CONCAT('c', seq, '@example.com'), '555-0100', NOW(6), NOW(6) FROM seq_1_to_10000000 WHERE seq <= @customers;
INSERT INTO sessions (token_sha256, customer_id, created_at, last_used_at, expires_at)
    SELECT UNHEX(SHA2(CONCAT('bench-token-', LPAD(seq, 6, '0')), 256)), seq, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) + INTERVAL 1 DAY
    FROM seq_1_to_10000000 WHERE seq <= @customers;
INSERT INTO products (id, sku, sku_key, name, description, category, price_minor, active, created_at, updated_at)
    SELECT seq, CONCAT('SKU-', LPAD(seq, 8, '0')), CONCAT('SKU-', LPAD(seq, 8, '0')), CONCAT('Product ', seq),
        CONCAT('The benchmark''s product number ', seq, ', described in a sentence of ordinary length.'),
        CONCAT('Category ', seq % 20), 100 + seq % 9900, 1, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6)
    FROM seq_1_to_10000000 WHERE seq <= @rows;
INSERT INTO stock (product_id, on_hand, reserved, incoming, movement_count, last_movement_at, reorder_multiple, lead_time_days)
    SELECT id, 100000000, 0, 0, 1, created_at, 1, 0 FROM products;
INSERT INTO stock_movements (product_id, sequence, delta, balance_after, reason, at)
    SELECT product_id, 1, 100000000, 100000000, 'initial', last_movement_at FROM stock;
ANALYZE TABLE products, stock, sessions;
