-- A small believable shop, for trying things out. Loaded once, into an empty database, by scripts/run.
-- Every product's stock is opened by an initial movement, as POST /products does it.

INSERT INTO products (id, active, sku, sku_key, name, description, category, price_minor, created_at, updated_at) VALUES
    (1, 1, 'MUG-0001', 'MUG-0001', 'Stoneware mug', 'A heavy mug that keeps tea warm. 0.35 l, dishwasher safe.', 'Kitchen', 1450, '2026-01-05 08:00:00', '2026-01-05 08:00:00'),
    (2, 1, 'MUG-0002', 'MUG-0002', 'Enamel mug', 'Light, unbreakable, with a blue rim. 0.3 l.', 'Kitchen', 990, '2026-01-05 08:00:00', '2026-01-05 08:00:00'),
    (3, 1, 'POT-0001', 'POT-0001', 'Teapot', 'Cast iron with a strainer. 0.8 l.', 'Kitchen', 4900, '2026-01-05 08:00:00', '2026-01-05 08:00:00'),
    (4, 1, 'KNF-0001', 'KNF-0001', 'Bread knife', 'Serrated, 24 cm, beech handle.', 'Kitchen', 3290, '2026-01-05 08:00:00', '2026-01-05 08:00:00'),
    (5, 1, 'BRD-0001', 'BRD-0001', 'Chopping board', 'Oiled oak, 40 x 25 cm.', 'Kitchen', 2750, '2026-01-05 08:00:00', '2026-01-05 08:00:00'),
    (6, 1, 'APR-0001', 'APR-0001', 'Linen apron', 'Washed linen with two pockets.', 'Textiles', 3900, '2026-01-05 08:00:00', '2026-01-05 08:00:00'),
    (7, 1, 'TWL-0001', 'TWL-0001', 'Tea towel', 'Half linen, set of two.', 'Textiles', 1690, '2026-01-05 08:00:00', '2026-01-05 08:00:00'),
    (8, 1, 'BLK-0001', 'BLK-0001', 'Wool blanket', '130 x 180 cm, from Tyrolean wool.', 'Textiles', 8900, '2026-01-05 08:00:00', '2026-01-05 08:00:00'),
    (9, 1, 'NTB-0001', 'NTB-0001', 'Notebook', 'A5, dotted, 160 pages, lies flat.', 'Paper', 1250, '2026-01-05 08:00:00', '2026-01-05 08:00:00'),
    (10, 1, 'PEN-0001', 'PEN-0001', 'Fountain pen', 'Medium nib, takes standard cartridges.', 'Paper', 2990, '2026-01-05 08:00:00', '2026-01-05 08:00:00'),
    (11, 1, 'INK-0001', 'INK-0001', 'Ink, midnight blue', '50 ml glass bottle.', 'Paper', 1190, '2026-01-05 08:00:00', '2026-01-05 08:00:00'),
    (12, 1, 'CRD-0001', 'CRD-0001', 'Greeting card', 'Letterpress, with envelope.', 'Paper', 350, '2026-01-05 08:00:00', '2026-01-05 08:00:00'),
    (13, 1, 'CND-0001', 'CND-0001', 'Beeswax candle', '18 cm, burns for about ten hours.', 'Home', 790, '2026-01-05 08:00:00', '2026-01-05 08:00:00'),
    (14, 1, 'LMP-0001', 'LMP-0001', 'Reading lamp', 'Clamps to a shelf. Bulb included.', 'Home', 6900, '2026-01-05 08:00:00', '2026-01-05 08:00:00'),
    (15, 1, 'BSK-0001', 'BSK-0001', 'Willow basket', 'Hand woven, 35 cm.', 'Home', 4200, '2026-01-05 08:00:00', '2026-01-05 08:00:00'),
    (16, 1, 'SOP-0001', 'SOP-0001', 'Olive soap', 'Bar of 120 g.', 'Home', 590, '2026-01-05 08:00:00', '2026-01-05 08:00:00');

-- All of it is in ASCII, so this is what POST /products writes.
UPDATE products SET search_text = LOWER(CONCAT(name, ' ', sku));

INSERT INTO stock
    (product_id, on_hand, reserved, incoming, movement_count, last_movement_at,
     reorder_point, reorder_target, reorder_multiple, lead_time_days)
VALUES
    (1, 40, 0, 0, 1, '2026-01-05 08:00:00', 10, 40, 6, 7),
    (2, 60, 0, 0, 1, '2026-01-05 08:00:00', 12, 48, 12, 7),
    (3, 12, 0, 0, 1, '2026-01-05 08:00:00', 4, 12, 1, 21),
    (4, 8, 0, 0, 1, '2026-01-05 08:00:00', NULL, NULL, 1, NULL),
    (5, 15, 0, 0, 1, '2026-01-05 08:00:00', 5, 20, 5, 14),
    (6, 10, 0, 0, 1, '2026-01-05 08:00:00', NULL, NULL, 1, NULL),
    (7, 30, 0, 0, 1, '2026-01-05 08:00:00', 10, 40, 10, 5),
    (8, 5, 0, 0, 1, '2026-01-05 08:00:00', 2, 6, 1, 30),
    (9, 80, 0, 0, 1, '2026-01-05 08:00:00', 20, 100, 20, 3),
    (10, 14, 0, 0, 1, '2026-01-05 08:00:00', NULL, NULL, 1, NULL),
    (11, 25, 0, 0, 1, '2026-01-05 08:00:00', NULL, NULL, 1, NULL),
    (12, 120, 0, 0, 1, '2026-01-05 08:00:00', 40, 160, 40, 3),
    (13, 45, 0, 0, 1, '2026-01-05 08:00:00', 15, 60, 15, 0),
    (14, 3, 0, 0, 1, '2026-01-05 08:00:00', 4, 8, 1, 10),
    (15, 0, 0, 0, 0, '2026-01-05 08:00:00', 5, 15, 1, 14),
    (16, 90, 0, 0, 1, '2026-01-05 08:00:00', 30, 90, 30, 0);

INSERT INTO stock_movements (product_id, sequence, delta, balance_after, reason, at)
SELECT product_id, 1, on_hand, on_hand, 'initial', last_movement_at FROM stock WHERE on_hand > 0;

-- Whom the baskets are bought from, in fours; the first restock run orders them there, and the reading lamps without a supplier.
INSERT INTO suppliers
    (id, name, email, phone, lead_time_days, order_days, minimum_order_minor, search_text, created_at, updated_at, active)
VALUES
    (1, 'Willow Weavers', 'orders@weavers.example', NULL, 14, 0, 15000,
     'willow weavers orders@weavers.example', '2026-01-05 08:00:00', '2026-01-05 08:00:00', 1);

INSERT INTO supplier_products
    (supplier_id, product_id, supplier_sku, cost_minor_e4, pack_size, minimum_quantity, preferred_product_id, created_at, updated_at)
VALUES
    (1, 15, 'WW-35', 18500000, 4, 4, 15, '2026-01-05 08:00:00', '2026-01-05 08:00:00');
