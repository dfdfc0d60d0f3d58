-- A million delivered orders of two lines, of 1,000 products and 100,000 customers, with all that the books ask of them.
SET @t = '2025-01-01 00:00:00.123456';
INSERT INTO customers (id, name, email, phone, created_at, updated_at)
    SELECT seq, CONCAT('Customer ', seq), CONCAT('c', seq, '@example.com'), '555-0100', @t, @t
    FROM seq_1_to_100000;
INSERT INTO products (id, sku, sku_key, name, description, category, price_minor, active, created_at, updated_at)
    SELECT seq, CONCAT('SKU-', LPAD(seq,8,'0')), CONCAT('SKU-', LPAD(seq,8,'0')), CONCAT('Product ', seq), 'In a sentence of ordinary length.', 'C', 100, 1, @t, @t
    FROM seq_1_to_1000;
INSERT INTO stock (product_id, on_hand, reserved, incoming, movement_count, last_movement_at, reorder_multiple, lead_time_days)
    SELECT id, 1000000-2000, 0, 0, 2001, @t + INTERVAL 1000000 SECOND, 1, 0 FROM products;
INSERT INTO stock_movements (product_id, sequence, delta, balance_after, reason, at, cost_assumed, cost_unknown)
    SELECT id, 1, 1000000, 1000000, 'initial', @t, 1, 1 FROM products;
UPDATE stock SET cost_unknown=1;
INSERT INTO orders (id, customer_id, status, currency, total_minor, shipping_address, carrier, tracking_number, placed_at, expected_delivery_date, updated_at)
 SELECT seq, 1 + seq % 100000, 'delivered', 'EUR', 200, CONCAT(seq, ' Long Street\n12345 Sometown\nSomewhere'), 'DHL', CONCAT('JJD', LPAD(seq*7919, 14, '0')), @t + INTERVAL seq SECOND, '2025-01-20', @t + INTERVAL seq+200000 SECOND FROM seq_1_to_1000000;
INSERT INTO order_lines
    SELECT seq, (seq*2)%1000+1, CONCAT('Product ', (seq*2)%1000+1), 1, 100, 1, @t + INTERVAL seq SECOND
    FROM seq_1_to_1000000;
INSERT INTO order_lines
    SELECT seq, (seq*2)%1000+2, CONCAT('Product ', (seq*2)%1000+2), 1, 100, 1, @t + INTERVAL seq SECOND
    FROM seq_1_to_1000000;
INSERT INTO order_events (order_id, step, status, at, from_status)
    SELECT seq, 2, 'shipped', @t + INTERVAL seq+100000 SECOND, 'placed'
    FROM seq_1_to_1000000;
INSERT INTO order_events (order_id, step, status, at, from_status)
    SELECT seq, 3, 'delivered', @t + INTERVAL seq+200000 SECOND, 'shipped'
    FROM seq_1_to_1000000;
INSERT INTO stock_movements (product_id, sequence, delta, balance_after, reason, order_id, at, cost_unknown)
    SELECT (seq*2)%1000+1, (seq-1) DIV 500 + 2, -1, 1000000 - ((seq-1) DIV 500 + 1), 'sale', seq, @t + INTERVAL seq SECOND, 1
    FROM seq_1_to_1000000;
INSERT INTO stock_movements (product_id, sequence, delta, balance_after, reason, order_id, at, cost_unknown)
    SELECT (seq*2)%1000+2, (seq-1) DIV 500 + 2, -1, 1000000 - ((seq-1) DIV 500 + 1), 'sale', seq, @t + INTERVAL seq SECOND, 1
    FROM seq_1_to_1000000;
