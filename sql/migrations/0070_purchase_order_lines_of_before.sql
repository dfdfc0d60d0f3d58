-- Its line.
INSERT INTO purchase_order_lines
    (purchase_order_id, product_id, quantity, set_by_person, received, rejected, expected_at, received_at)
SELECT r.id, r.product_id, r.quantity, 0, r.received, 0, r.expected_at, IF(r.status = 'received', r.closed_at, NULL)
FROM restock_orders r
WHERE NOT EXISTS (SELECT 1 FROM purchase_order_lines l WHERE l.purchase_order_id = r.id)
