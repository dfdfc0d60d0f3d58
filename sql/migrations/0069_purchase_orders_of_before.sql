-- A restock order was a product without a supplier. It is a purchase order of one line, under its number.
INSERT INTO purchase_orders
    (id, supplier_id, draft_of, status, note, run_id, receipt_count, created_at, updated_at, ordered_at, closed_at)
SELECT r.id, NULL, NULL, IF(r.status = 'open', 'ordered', r.status), NULL, r.run_id,
    (SELECT COUNT(*) FROM stock_movements m WHERE m.restock_order_id = r.id),
    r.ordered_at, COALESCE(r.closed_at, r.ordered_at), r.ordered_at, r.closed_at
FROM restock_orders r
WHERE NOT EXISTS (SELECT 1 FROM purchase_orders o WHERE o.id = r.id)
