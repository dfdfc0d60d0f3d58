-- A small believable shop, for trying things out: what it sells, whom it buys from, and ten weeks of its trade up to this
-- moment. Loaded once, into an empty database, by scripts/run. The same orders every time, counted back from now.

SET time_zone = '+00:00', @now = UTC_TIMESTAMP(6), @midnight = TIMESTAMP(UTC_DATE());

-- What there is. weight is its part of what is sold, in thousandths; on_hand what is on the shelf now.
CREATE TEMPORARY TABLE goods (
    id INT PRIMARY KEY, sku VARCHAR(20), name VARCHAR(50), description VARCHAR(100), category VARCHAR(20), shelf VARCHAR(10),
    price INT, cost INT, supplier_id INT, pack INT, weight INT, on_hand INT, point INT, target INT, multiple INT, lead_days INT, barcode BIGINT NULL
) DEFAULT CHARACTER SET utf8mb4;
INSERT INTO goods
    (id, sku, name, description, category, shelf, price, cost, supplier_id, pack, weight, on_hand, point, target, multiple, lead_days)
VALUES
    (1, 'MUG-0001', 'Stoneware mug', 'A heavy mug that keeps tea warm. 0.35 l, dishwasher safe.', 'Kitchen', 'K1', 1450, 640, 2, 6, 60, 40, 10, 40, 6, 7),
    (2, 'MUG-0002', 'Enamel mug', 'Light, unbreakable, with a blue rim. 0.3 l.', 'Kitchen', 'K1', 990, 410, 2, 12, 45, 60, 12, 48, 12, 7),
    (3, 'POT-0001', 'Teapot', 'Cast iron with a strainer. 0.8 l.', 'Kitchen', 'K2', 4900, 2350, 2, 1, 14, 12, 4, 12, 1, 21),
    (4, 'KNF-0001', 'Bread knife', 'Serrated, 24 cm, beech handle.', 'Kitchen', 'K3', 3290, 1480, NULL, 1, 16, 8, NULL, NULL, 1, NULL),
    (5, 'BRD-0001', 'Chopping board', 'Oiled oak, 40 x 25 cm.', 'Kitchen', 'K3', 2750, 1190, 4, 5, 18, 15, 5, 20, 5, 14),
    (6, 'APR-0001', 'Linen apron', 'Washed linen with two pockets.', 'Textiles', 'T1', 3900, 1700, NULL, 1, 16, 10, NULL, NULL, 1, NULL),
    (7, 'TWL-0001', 'Tea towel', 'Half linen, set of two.', 'Textiles', 'T1', 1690, 720, 4, 10, 45, 30, 10, 40, 10, 5),
    (8, 'BLK-0001', 'Wool blanket', '130 x 180 cm, from Tyrolean wool.', 'Textiles', 'T2', 8900, 4600, 4, 1, 8, 5, 2, 6, 1, 30),
    (9, 'NTB-0001', 'Notebook', 'A5, dotted, 160 pages, lies flat.', 'Paper', 'P1', 1250, 480, 3, 20, 70, 80, 20, 100, 20, 3),
    (10, 'PEN-0001', 'Fountain pen', 'Medium nib, takes standard cartridges.', 'Paper', 'P2', 2990, 1350, NULL, 1, 18, 14, NULL, NULL, 1, NULL),
    (11, 'INK-0001', 'Ink, midnight blue', '50 ml glass bottle.', 'Paper', 'P2', 1190, 460, NULL, 1, 25, 25, NULL, NULL, 1, NULL),
    (12, 'CRD-0001', 'Greeting card', 'Letterpress, with envelope.', 'Paper', 'P1', 350, 95, 3, 40, 90, 120, 40, 160, 40, 3),
    (13, 'CND-0001', 'Beeswax candle', '18 cm, burns for about ten hours.', 'Home', 'H1', 790, 310, 4, 15, 50, 45, 15, 60, 15, 0),
    (14, 'LMP-0001', 'Reading lamp', 'Clamps to a shelf. Bulb included.', 'Home', 'H2', 6900, 3400, NULL, 1, 10, 3, 4, 8, 1, 10),
    (15, 'BSK-0001', 'Willow basket', 'Hand woven, 35 cm.', 'Home', 'H3', 4200, 1850, 1, 4, 0, 0, 5, 15, 1, 14),
    (16, 'SOP-0001', 'Olive soap', 'Bar of 120 g.', 'Home', 'H1', 590, 190, 4, 30, 60, 90, 30, 90, 30, 0),
    (17, 'EGG-0001', 'Egg cup', 'Beech, turned.', 'Kitchen', 'K2', 450, 160, 2, 12, 25, 31, 10, 34, 12, NULL),
    (18, 'BWL-0001', 'Salad bowl', 'Stoneware, 28 cm.', 'Kitchen', 'K1', 3600, 1650, 2, 2, 15, 9, 4, 10, 2, NULL),
    (19, 'PIN-0001', 'Rolling pin', 'Maple, 45 cm.', 'Kitchen', 'K3', 1890, 800, NULL, 1, 12, 11, NULL, NULL, 1, NULL),
    (20, 'JUG-0001', 'Measuring jug', 'Enamel, 1 l.', 'Kitchen', 'K2', 1690, 690, 2, 6, 18, 13, 6, 18, 6, NULL),
    (21, 'GLV-0001', 'Oven glove', 'Quilted cotton.', 'Textiles', 'T1', 1290, 520, 4, 10, 20, 22, 6, 26, 10, NULL),
    (22, 'NPK-0001', 'Napkins', 'Linen, set of four.', 'Textiles', 'T2', 2490, 1100, 4, 4, 20, 17, 6, 18, 4, NULL),
    (23, 'BAG-0001', 'Cotton tote', 'Long handles, undyed.', 'Textiles', 'T2', 990, 330, 4, 10, 30, 38, 12, 50, 10, NULL),
    (24, 'PAD-0001', 'Desk pad', 'A2, 50 sheets.', 'Paper', 'P3', 1590, 640, 3, 5, 10, 12, 3, 12, 5, NULL),
    (25, 'PCL-0001', 'Pencils', 'Cedar, box of twelve.', 'Paper', 'P2', 890, 350, 3, 10, 30, 3, 9, 30, 10, NULL),
    (26, 'WRP-0001', 'Wrapping paper', 'Kraft, 10 m.', 'Paper', 'P3', 690, 240, 3, 10, 25, 0, 8, 30, 10, NULL),
    (27, 'CAL-0001', 'Wall calendar', 'Twelve woodcuts.', 'Paper', 'P3', 1990, 880, 3, 10, 12, 19, NULL, NULL, 1, NULL),
    (28, 'MAT-0001', 'Door mat', 'Coir, 40 x 60 cm.', 'Home', 'H3', 2290, 950, 4, 5, 10, 8, 3, 9, 5, NULL),
    (29, 'HOK-0001', 'Coat hook', 'Brass.', 'Home', 'H2', 1190, 430, 4, 10, 14, 21, 5, 20, 10, NULL),
    (30, 'FRM-0001', 'Picture frame', 'Oak, A4.', 'Home', 'H2', 1790, 740, NULL, 1, 16, 16, NULL, NULL, 1, NULL),
    (31, 'TRW-0001', 'Hand trowel', 'Forged, ash handle.', 'Garden', 'G1', 1690, 710, NULL, 1, 14, 12, NULL, NULL, 1, NULL),
    (32, 'CAN-0001', 'Watering can', 'Zinc, 5 l.', 'Garden', 'G2', 3490, 1560, 2, 4, 10, 7, 3, 9, 4, NULL),
    (33, 'TWN-0001', 'Garden twine', 'Jute, 100 m.', 'Garden', 'G1', 490, 150, 4, 10, 22, 19, 8, 30, 10, NULL),
    (34, 'TER-0001', 'Terracotta pot', '14 cm, with saucer.', 'Garden', 'G2', 790, 280, 2, 12, 26, 33, 10, 36, 12, NULL),
    (35, 'TIN-0001', 'Seed tin', 'With dividers for the months.', 'Garden', 'G1', 1490, 620, 2, 6, 18, 14, 6, 18, 6, NULL),
    (36, 'TEA-0001', 'Assam tea', 'Second flush, 125 g.', 'Food', 'F1', 850, 390, 4, 12, 35, 27, 12, 40, 12, NULL),
    (37, 'HNY-0001', 'Heather honey', 'Jar of 340 g.', 'Food', 'F1', 990, 520, 4, 12, 28, 3, 10, 34, 12, NULL),
    (38, 'SHB-0001', 'Shortbread', 'Box of 200 g.', 'Food', 'F2', 590, 260, 4, 12, 25, 24, 8, 30, 12, NULL),
    (39, 'SLT-0001', 'Sea salt', 'Flakes, 250 g.', 'Food', 'F2', 650, 270, 4, 6, 12, 18, 4, 16, 6, NULL),
    (40, 'BRF-0001', 'Bird feeder', 'Larch, with a slate roof.', 'Garden', 'G2', 3290, 1490, NULL, 1, 8, 6, NULL, NULL, 1, NULL);

-- Numbers that shops use inside, with the digit that checks them: 2 + 3 * 1 + the other digits, each second one times 3.
UPDATE goods SET barcode = 210000000000 + id * 137;
UPDATE goods SET barcode = barcode * 10 + MOD(
    10 - MOD(5 + MOD(barcode DIV 1000, 10) + 3 * MOD(barcode DIV 100, 10) + MOD(barcode DIV 10, 10) + 3 * MOD(barcode, 10), 10), 10);

-- All of it is in ASCII, so search_text is what POST /products writes.
INSERT INTO products
    (id, active, sku, sku_key, name, description, category, price_minor, barcodes, shelf, search_text, created_at, updated_at)
SELECT id, 1, sku, sku, name, description, category, price, CONCAT('[{"code":"', barcode, '","units":1}]'), shelf,
    LOWER(CONCAT(name, ' ', sku, ' 0', barcode)), @midnight - INTERVAL 75 DAY, @midnight - INTERVAL 75 DAY
FROM goods;
INSERT INTO product_barcodes (gtin, product_id) SELECT CONCAT('0', barcode), id FROM goods;
INSERT INTO stock
    (product_id, on_hand, reserved, incoming, movement_count, last_movement_at, reorder_point, reorder_target, reorder_multiple,
     lead_time_days, snoozed_until)
SELECT id, 0, 0, 0, 0, @midnight - INTERVAL 75 DAY, point, target, multiple, lead_days,
    -- Nobody wanted baskets until today.
    IF(id = 15, DATE(@midnight), NULL)
FROM goods;

-- Whom the shop buys from: the baskets in fours, and the reading lamps without a supplier.
INSERT INTO suppliers
    (id, name, email, phone, lead_time_days, order_days, minimum_order_minor, note, search_text, created_at, updated_at, active)
VALUES
    (1, 'Willow Weavers', 'orders@weavers.example', NULL, 14, 0, 15000, NULL, 'willow weavers orders@weavers.example',
     @midnight - INTERVAL 75 DAY, @midnight - INTERVAL 75 DAY, 1),
    (2, 'Northfield Pottery', 'sales@northfield.example', '555-0142', 7, 0, NULL, 'Ring before the van is due.',
     'northfield pottery sales@northfield.example 555-0142 5550142', @midnight - INTERVAL 75 DAY, @midnight - INTERVAL 75 DAY, 1),
    (3, 'Mill Lane Paper', 'orders@milllane.example', '555-0143', 5, 9, 10000, NULL,
     'mill lane paper orders@milllane.example 555-0143 5550143', @midnight - INTERVAL 75 DAY, @midnight - INTERVAL 75 DAY, 1),
    (4, 'Harbour Trading', 'trade@harbour.example', NULL, 10, 0, 20000, NULL, 'harbour trading trade@harbour.example',
     @midnight - INTERVAL 75 DAY, @midnight - INTERVAL 75 DAY, 1);
INSERT INTO supplier_products
    (supplier_id, product_id, supplier_sku, cost_minor_e4, pack_size, minimum_quantity, price_breaks, preferred_product_id, created_at, updated_at)
SELECT supplier_id, id, IF(id = 15, 'WW-35', CONCAT(ELT(supplier_id, 'WW', 'NP', 'ML', 'HT'), '-', 100 + id)), cost * 10000, pack, pack,
    IF(id IN (9, 12), CONCAT('[[', 5 * pack, ',', cost * 9500, ']]'), NULL), id, @midnight - INTERVAL 75 DAY, @midnight - INTERVAL 75 DAY
FROM goods WHERE supplier_id IS NOT NULL;

-- Who buys here, and Anna, who packed and counted in these weeks and has left.
INSERT INTO accounts (id, username, username_key, password_hash, role, disabled_at, created_at, updated_at)
VALUES (1, 'anna', 'anna', '$argon2id$v=19$m=19456,t=2,p=1$eiYuRuCDdwSYEtGw6JMuVQ$eBOtDCanYBDP8oCbwC7Tm5SZ3loDVNwtWfTRgobY2MU', 'clerk', @now, @midnight - INTERVAL 75 DAY, @now);
INSERT INTO customers (id, name, email, phone, search_text, created_at, updated_at)
WITH RECURSIVE person (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM person WHERE id < 25),
named AS (
    SELECT id,
        CONCAT(ELT(1 + MOD(id * 7, 25), 'Ada', 'Ben', 'Clara', 'David', 'Edith', 'Frank', 'Grace', 'Henry', 'Iris', 'James', 'Kate',
            'Leo', 'Mary', 'Noah', 'Olive', 'Peter', 'Quinn', 'Rose', 'Simon', 'Tilda', 'Una', 'Victor', 'Wendy', 'Yusuf', 'Zoe'),
            ' ', ELT(id, 'Ashby', 'Brook', 'Carver', 'Dale', 'Easton', 'Fletcher', 'Garner', 'Holt', 'Ingram', 'Jarvis', 'Kendal',
            'Lowe', 'Marsh', 'North', 'Oakley', 'Porter', 'Quill', 'Reeve', 'Shaw', 'Thorne', 'Underhill', 'Vale', 'Weaver',
            'Yardley', 'Young')) AS name
    FROM person
)
SELECT id, name, CONCAT(LOWER(REPLACE(name, ' ', '.')), '@example.com'), CONCAT('555-0', 200 + id),
    LOWER(CONCAT(name, ' ', REPLACE(name, ' ', '.'), '@example.com 555-0', 200 + id, ' 5550', 200 + id)),
    @midnight - INTERVAL 74 DAY, @midnight - INTERVAL 74 DAY
FROM named;

-- Three hundred orders, four or five a day, the last ones minutes ago, and what became of each. Whatever looks like chance
-- is a checksum of its number. ago is in days.
CREATE TEMPORARY TABLE sales (
    id INT PRIMARY KEY, ago INT, placed_at DATETIME(6), fate VARCHAR(16), left_at DATETIME(6) NULL, ended_at DATETIME(6) NULL
) DEFAULT CHARACTER SET utf8mb4;
INSERT INTO sales (id, ago, placed_at, fate)
WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 300)
SELECT n, (300 - n) * 70 DIV 300,
    CASE
        WHEN n > 295 THEN @now - INTERVAL 15 + 40 * (300 - n) MINUTE
        -- From eight in the morning to eight in the evening.
        ELSE @midnight - INTERVAL (300 - n) * 70 DIV 300 DAY
            + INTERVAL 1200 - 720 * MOD((300 - n) * 70, 300) DIV 300 - 40 + MOD(CRC32(CONCAT('minute', n)), 80) MINUTE
    END,
    CASE
        WHEN n > 291 OR n = 262 THEN 'placed'
        WHEN MOD(n, 17) = 5 THEN 'cancelled'
        WHEN n > 278 OR n IN (255, 266) THEN 'shipped'
        WHEN n IN (96, 203) THEN 'lost'
        WHEN MOD(n, 61) = 7 THEN 'returned'
        ELSE 'delivered'
    END
FROM number;
-- A day to pack, two on the way; a parcel is given up after nine.
UPDATE sales SET left_at = placed_at + INTERVAL IF(fate = 'cancelled', 3, 22) HOUR WHERE fate <> 'placed';
UPDATE sales SET ended_at = left_at + INTERVAL CASE fate WHEN 'lost' THEN 9 * 24 WHEN 'returned' THEN 6 * 24 ELSE 46 END HOUR
WHERE fate IN ('delivered', 'lost', 'returned');

INSERT INTO orders
    (id, customer_id, status, currency, total_minor, shipping_address, note, carrier, tracking_number, placed_at, actor_account_id,
     confirmed_at, confirmed_by_account_id, expected_delivery_date, updated_at)
SELECT id, 1 + MOD(CRC32(CONCAT('who', id)), 25), fate, 'EUR', 0,
    CONCAT(1 + MOD(CRC32(CONCAT('who', id)), 25) * 3, ' ', ELT(1 + MOD(CRC32(CONCAT('who', id)), 5), 'Mill Lane', 'Station Road', 'High Street', 'Church Walk', 'Harbour Row'), '\nMarket Rowsley'),
    CASE MOD(id, 29) WHEN 3 THEN 'Please leave it with the neighbour.' WHEN 11 THEN 'A present: no prices on the slip, please.' END,
    IF(fate IN ('placed', 'cancelled'), NULL, ELT(1 + MOD(id, 3), 'Royal Mail', 'Parcel Van', 'Royal Mail')),
    IF(fate IN ('placed', 'cancelled'), NULL, CONCAT('RR', 100000000 + MOD(CRC32(CONCAT('parcel', id)), 900000000), 'GB')),
    placed_at,
    -- One in eleven on the telephone.
    IF(MOD(id, 11) = 4, 1, NULL),
    -- One still waits to be confirmed.
    IF(fate = 'placed' AND id <> 298, placed_at + INTERVAL 10 MINUTE, NULL), IF(fate = 'placed' AND id <> 298, 1, NULL),
    DATE(placed_at) + INTERVAL CASE WEEKDAY(placed_at) WHEN 5 THEN 4 WHEN 6 THEN 3 WHEN 0 THEN 3 WHEN 1 THEN 3 ELSE 5 END DAY,
    COALESCE(ended_at, left_at, placed_at)
FROM sales;
INSERT INTO order_events (order_id, step, status, from_status, at, actor_account_id, note)
SELECT id, 2, IF(fate = 'cancelled', 'cancelled', 'shipped'), 'placed', left_at, IF(fate = 'cancelled', NULL, 1), NULL
FROM sales WHERE left_at IS NOT NULL;
INSERT INTO order_events (order_id, step, status, from_status, at, actor_account_id, note)
SELECT id, 3, fate, 'shipped', ended_at, 1,
    CASE fate WHEN 'lost' THEN 'The carrier cannot find it.' WHEN 'returned' THEN 'Nobody was in.' END
FROM sales WHERE ended_at IS NOT NULL;

-- One to three lines each, of what is bought most the most.
CREATE TEMPORARY TABLE picks (id INT PRIMARY KEY, upto INT, weight INT);
INSERT INTO picks SELECT id, SUM(weight) OVER (ORDER BY id), weight FROM goods;
INSERT INTO order_lines (order_id, product_id, name, quantity, unit_price_minor, reserved_at_sequence, placed_at)
WITH RECURSIVE line (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM line WHERE n < 3)
SELECT s.id, p.id, p.name, MAX(CASE WHEN MOD(CRC32(CONCAT('units', s.id, '/', n)), 100) < 70 THEN 1 WHEN MOD(CRC32(CONCAT('units', s.id, '/', n)), 100) < 92 THEN 2 ELSE 3 END),
    p.price_minor, 0, s.placed_at
FROM sales s
JOIN line ON n <= 1 + MOD(CRC32(CONCAT('lines', s.id)), 3)
JOIN picks w ON MOD(CRC32(CONCAT('goods', s.id, '/', n)), 1000) >= w.upto - w.weight AND MOD(CRC32(CONCAT('goods', s.id, '/', n)), 1000) < w.upto
JOIN products p ON p.id = w.id
GROUP BY s.id, p.id, p.name, p.price_minor, s.placed_at;
UPDATE orders o JOIN (SELECT order_id, SUM(quantity * unit_price_minor) AS total FROM order_lines GROUP BY order_id) l ON l.order_id = o.id
SET o.total_minor = l.total, o.updated_at = o.updated_at;

-- A run every morning at five, of which some have ordered; what was ordered has come, is on its way, late, in part here, not
-- wanted after all, or on a draft.
INSERT INTO restock_runs (id, source, started_at, finished_at)
WITH RECURSIVE run (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM run WHERE id < 69)
SELECT id, 'program', @midnight - INTERVAL 70 - id DAY + INTERVAL 5 HOUR, @midnight - INTERVAL 70 - id DAY + INTERVAL 5 * 3600 + 1 SECOND
FROM run;
INSERT INTO purchase_orders
    (id, supplier_id, draft_of, status, note, run_id, receipt_count, created_at, updated_at, ordered_at, closed_at)
WITH bought (id, supplier_id, status, note, ordered, came) AS (
    SELECT 1, 2, 'received', NULL, 59, 51 UNION ALL SELECT 2, 3, 'received', NULL, 58, 53
    UNION ALL SELECT 3, 4, 'received', NULL, 57, 46 UNION ALL SELECT 4, 2, 'received', NULL, 31, 25
    UNION ALL SELECT 5, 3, 'received', NULL, 30, 24 UNION ALL SELECT 6, 4, 'received', NULL, 29, 18
    UNION ALL SELECT 7, 3, 'cancelled', 'The mill had a fire.', 41, 37 UNION ALL SELECT 8, 2, 'ordered', 'The rest comes with the next van.', 9, 2
    UNION ALL SELECT 9, 3, 'ordered', 'They say that it is on the way.', 11, NULL UNION ALL SELECT 10, 4, 'ordered', NULL, 6, NULL
    UNION ALL SELECT 11, 4, 'draft', NULL, 3, NULL
)
SELECT id, supplier_id, IF(status = 'draft', supplier_id, NULL), status, note, 70 - ordered, status = 'received' OR id = 8,
    @midnight - INTERVAL ordered DAY + INTERVAL 5 HOUR,
    @midnight - INTERVAL COALESCE(came, ordered) DAY + INTERVAL IF(came IS NULL, 5, 10) HOUR,
    IF(status = 'draft', NULL, @midnight - INTERVAL ordered DAY + INTERVAL 5 HOUR),
    IF(status IN ('received', 'cancelled'), @midnight - INTERVAL came DAY + INTERVAL 10 HOUR, NULL)
FROM bought;
INSERT INTO purchase_order_lines
    (purchase_order_id, product_id, supplier_sku, quantity, unit_cost_minor_e4, set_by_person, reason, received, rejected,
     lead_time_days, expected_at, received_at)
SELECT o.id, t.product_id, t.supplier_sku, IF(o.id = 11, 36, t.pack_size * CEIL(g.weight * IF(o.id <= 3, 0.3, 0.25) / t.pack_size)),
    t.cost_minor_e4, 0,
    IF(o.id = 11, 'position 2 is below the reorder point 10: 36 (in multiples of 12) bring it to 38, at least the target 34', NULL), 0, 0,
    v.lead_time_days,
    -- One is expected today, whatever day that is.
    CASE WHEN o.status = 'draft' THEN NULL WHEN o.id = 8 THEN @midnight + INTERVAL 2 * 24 + 12 HOUR
        WHEN o.id = 10 THEN @midnight + INTERVAL 12 HOUR ELSE o.ordered_at + INTERVAL v.lead_time_days DAY END,
    NULL
FROM purchase_orders o
JOIN suppliers v ON v.id = o.supplier_id
JOIN supplier_products t ON t.supplier_id = o.supplier_id
JOIN goods g ON g.id = t.product_id
-- What runs low now was not bought lately, and the honey alone is less than its supplier takes.
WHERE o.id <= 3 OR (o.id <= 6 AND g.on_hand > 3) OR (o.id BETWEEN 7 AND 10 AND MOD(t.product_id, 4) = MOD(o.id, 4))
    OR (o.id = 11 AND t.product_id = 37);
UPDATE purchase_order_lines
SET expected_at = expected_at + INTERVAL IF(WEEKDAY(expected_at) < 5, 0, 7 - WEEKDAY(expected_at)) DAY WHERE purchase_order_id <> 10;
UPDATE purchase_order_lines l JOIN purchase_orders o ON o.id = l.purchase_order_id
SET l.received = IF(o.status = 'received', l.quantity, l.quantity DIV 2), l.rejected = IF(o.id = 8, 1, 0),
    l.received_at = IF(o.status = 'received', o.closed_at, NULL)
WHERE o.status = 'received' OR o.id = 8;
INSERT INTO purchase_order_receipts (purchase_order_id, receipt, product_id, accepted, rejected, actor_account_id, at)
SELECT l.purchase_order_id, 1, l.product_id, l.received, l.rejected, 1, o.updated_at
FROM purchase_order_lines l JOIN purchase_orders o ON o.id = l.purchase_order_id WHERE l.received + l.rejected > 0;

-- What came and went, and before all of it what must have been there for the shelf to hold what it holds now.
CREATE TEMPORARY TABLE moves (
    product_id INT, at DATETIME(6), delta INT, reason VARCHAR(16), note VARCHAR(100) NULL, order_id INT NULL, purchase_order_id INT NULL
) DEFAULT CHARACTER SET utf8mb4;
INSERT INTO moves
SELECT l.product_id, s.left_at, -l.quantity, 'sale', NULL, s.id, NULL
FROM sales s JOIN order_lines l ON l.order_id = s.id WHERE s.fate NOT IN ('placed', 'cancelled');
INSERT INTO moves
SELECT product_id, at, accepted, 'restock', NULL, NULL, purchase_order_id FROM purchase_order_receipts WHERE accepted > 0;
INSERT INTO moves
WITH looked_at (product_id, ago, delta, reason, note) AS (
    SELECT 2, 33, -2, 'damaged', 'Fell off the packing table.' UNION ALL SELECT 5, 12, -1, 'damaged', 'Cracked in the frost.'
    UNION ALL SELECT 9, 41, -1, 'stock_take', 'Count of the paper shelf.' UNION ALL SELECT 12, 41, 3, 'stock_take', 'Count of the paper shelf.'
    UNION ALL SELECT 11, 41, -1, 'stock_take', 'Count of the paper shelf.' UNION ALL SELECT 16, 20, -2, 'lost', 'Not where they should be.'
    UNION ALL SELECT 16, 14, 1, 'found', 'Behind the candles.' UNION ALL SELECT 7, 26, 1, 'return', 'Wrong colour, unopened.'
    UNION ALL SELECT 1, 18, -1, 'correction', 'Given to the photographer.' UNION ALL SELECT 13, 9, 2, 'found', 'At the back of the drawer.'
    UNION ALL SELECT 20, 6, -1, 'damaged', 'Dropped.' UNION ALL SELECT 38, 5, -2, 'damaged', 'Mice.'
)
SELECT product_id, @midnight - INTERVAL ago DAY + INTERVAL 17 * 60 + product_id MINUTE, delta, reason, note, NULL, NULL FROM looked_at;
CREATE TEMPORARY TABLE before_all SELECT product_id, SUM(delta) AS delta FROM moves GROUP BY product_id;
INSERT INTO moves
SELECT g.id, @midnight - INTERVAL 75 DAY + INTERVAL 9 HOUR, g.on_hand - COALESCE(b.delta, 0), 'initial', NULL, NULL, NULL
FROM goods g LEFT JOIN before_all b ON b.product_id = g.id WHERE g.on_hand - COALESCE(b.delta, 0) <> 0;

-- All units of a product have cost the same, so its value is so many times that.
INSERT INTO stock_movements
    (product_id, sequence, delta, balance_after, reason, note, actor_account_id, order_id, purchase_order_id, at, value_delta, value_after)
SELECT m.product_id, m.sequence, m.delta, m.balance, m.reason, m.note, 1, m.order_id, m.purchase_order_id, m.at,
    m.delta * g.cost * 10000, m.balance * g.cost * 10000
FROM (
    SELECT moves.*, ROW_NUMBER() OVER (PARTITION BY product_id ORDER BY at, order_id) AS sequence,
        SUM(delta) OVER (PARTITION BY product_id ORDER BY at, order_id ROWS UNBOUNDED PRECEDING) AS balance
    FROM moves
) m JOIN goods g ON g.id = m.product_id
ORDER BY m.at, m.product_id;
UPDATE order_lines l SET l.reserved_at_sequence = (
    SELECT COALESCE(MAX(m.sequence), 0) FROM stock_movements m WHERE m.product_id = l.product_id AND m.at <= l.placed_at
);

-- The figures of the shelves, from all that.
UPDATE stock s JOIN stock_movements m ON m.product_id = s.product_id
JOIN (SELECT product_id, MAX(sequence) AS sequence FROM stock_movements GROUP BY product_id) n ON n.product_id = m.product_id AND n.sequence = m.sequence
SET s.on_hand = m.balance_after, s.movement_count = m.sequence, s.last_movement_at = m.at, s.value_minor_e4 = m.value_after,
    s.last_value_delta = m.value_delta;
UPDATE stock s SET
    s.reserved = (SELECT COALESCE(SUM(l.quantity), 0) FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE l.product_id = s.product_id AND o.status = 'placed'),
    s.incoming = (SELECT COALESCE(SUM(l.quantity - l.received), 0) FROM purchase_order_lines l JOIN purchase_orders o ON o.id = l.purchase_order_id WHERE l.product_id = s.product_id AND o.status = 'ordered'),
    s.drafted = (SELECT COALESCE(SUM(l.quantity), 0) FROM purchase_order_lines l JOIN purchase_orders o ON o.id = l.purchase_order_id WHERE l.product_id = s.product_id AND o.status = 'draft'),
    s.updated_at = GREATEST(s.last_movement_at, COALESCE((SELECT MAX(l.placed_at) FROM order_lines l WHERE l.product_id = s.product_id), s.last_movement_at));

-- What the runs have summed up and suggested, as they would have.
INSERT INTO demand_days (product_id, day, units, available_at_start, available_at_end)
SELECT product_id, day, units, available - more, available FROM (
    SELECT product_id, day, SUM(units) AS units, SUM(more) AS more, SUM(SUM(more)) OVER (PARTITION BY product_id ORDER BY day) AS available FROM (
        SELECT l.product_id, DATE(l.placed_at) AS day, IF(o.status = 'cancelled', 0, l.quantity) AS units, -l.quantity AS more
        FROM order_lines l JOIN orders o ON o.id = l.order_id
        UNION ALL
        SELECT l.product_id, DATE(e.at), 0, l.quantity FROM order_lines l JOIN order_events e ON e.order_id = l.order_id AND e.status = 'cancelled'
        UNION ALL
        SELECT product_id, DATE(at), 0, delta FROM stock_movements WHERE reason <> 'sale'
    ) changes GROUP BY product_id, day
) of_day WHERE units <> 0 OR more <> 0;
UPDATE demand_summary SET filled_at = UTC_TIMESTAMP(6), filled_until = UTC_DATE(), first_day = UTC_DATE() - INTERVAL 400 DAY,
    first_at = @midnight - INTERVAL 400 DAY, time_zone = 'UTC' WHERE id = 1;
INSERT INTO category_demand (category, units_per_day)
SELECT p.category, SUM(COALESCE(d.units, 0)) / (COUNT(*) * 56) FROM products p LEFT JOIN (
    SELECT product_id, SUM(units) AS units FROM demand_days WHERE day >= UTC_DATE() - INTERVAL 56 DAY AND day < UTC_DATE() GROUP BY product_id
) d ON d.product_id = p.id GROUP BY p.category;
UPDATE stock s JOIN (SELECT product_id, SUM(units) / 70 AS a_day FROM demand_days GROUP BY product_id HAVING SUM(units) > 0) d
    ON d.product_id = s.product_id
SET s.units_per_day_e6 = ROUND(d.a_day * 1000000), s.updated_at = s.updated_at;
INSERT INTO suggestions (product_id, day, due_day, suggested, service_level)
WITH RECURSIVE run (ago) AS (SELECT 50 UNION ALL SELECT ago - 1 FROM run WHERE ago > 1),
sold AS (SELECT product_id, SUM(units) / 70 AS a_day FROM demand_days GROUP BY product_id HAVING SUM(units) > 0),
waited AS (
    SELECT s.product_id, COALESCE(s.lead_time_days, v.lead_time_days, 0) + 1 AS days FROM stock s
    LEFT JOIN supplier_products t ON t.preferred_product_id = s.product_id LEFT JOIN suppliers v ON v.id = t.supplier_id
    WHERE s.reorder_point IS NOT NULL
)
SELECT w.product_id, UTC_DATE() - INTERVAL r.ago DAY, UTC_DATE() - INTERVAL r.ago - w.days DAY,
    CEIL(sold.a_day * w.days + 1.5 * SQRT(sold.a_day * w.days)), 950
FROM waited w JOIN sold ON sold.product_id = w.product_id CROSS JOIN run r;
UPDATE suggestions g JOIN (
    SELECT g.product_id, g.day, COALESCE(SUM(d.units), 0) AS demanded, COALESCE(MIN(LEAST(d.available_at_start, d.available_at_end)), 1) AS least
    FROM suggestions g LEFT JOIN demand_days d ON d.product_id = g.product_id AND d.day >= g.day AND d.day < g.due_day
    WHERE g.due_day <= UTC_DATE() GROUP BY g.product_id, g.day
) j ON j.product_id = g.product_id AND j.day = g.day
SET g.due_day = NULL, g.demanded = j.demanded, g.reached = CASE WHEN j.demanded > g.suggested THEN 0 WHEN j.least > 0 THEN 1 END;
INSERT INTO hit_rates (product_id, judged, reached, wanted)
SELECT product_id, COUNT(*), SUM(reached), SUM(service_level) FROM suggestions WHERE reached IS NOT NULL GROUP BY product_id;

-- Yesterday's run found enough of these; of what has sold since the next one decides.
INSERT INTO restock_run_lines
    (run_id, product_id, on_hand, reserved, incoming, drafted, reorder_point, reorder_target, reorder_multiple, lead_time_days,
     effective_lead_time_days, service_level, outcome, quantity, reason)
SELECT 69, s.product_id, s.on_hand, s.reserved, s.incoming, s.drafted, s.reorder_point, s.reorder_target, s.reorder_multiple, s.lead_time_days,
    COALESCE(s.lead_time_days, v.lead_time_days, 0), s.service_level, 'nothing', 0,
    CONCAT('position ', s.on_hand - s.reserved + s.incoming + s.drafted, ' is not below the reorder point ', s.reorder_point)
FROM stock s LEFT JOIN supplier_products t ON t.preferred_product_id = s.product_id LEFT JOIN suppliers v ON v.id = t.supplier_id
WHERE s.reorder_point IS NOT NULL AND s.on_hand - s.reserved + s.incoming + s.drafted >= s.reorder_point;

DROP TEMPORARY TABLE goods, picks, sales, moves, before_all;
