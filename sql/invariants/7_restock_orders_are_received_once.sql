-- Invariant 7: a product has at most one open restock order, incoming is what that order still owes,
-- and what restock orders say was received is what the ledger says.
SELECT s.product_id, NULL AS restock_order_id, s.incoming AS stands, COALESCE(SUM(r.quantity - r.received), 0) AS should_be,
       'incoming is not what the open order owes' AS broken
FROM stock s
LEFT JOIN restock_orders r ON r.product_id = s.product_id AND r.status = 'open'
GROUP BY s.product_id, s.incoming
HAVING s.incoming <> COALESCE(SUM(r.quantity - r.received), 0)
UNION ALL
SELECT r.product_id, MAX(r.id), COUNT(*), 1, 'more than one open restock order'
FROM restock_orders r
WHERE r.status = 'open'
GROUP BY r.product_id
HAVING COUNT(*) > 1
UNION ALL
SELECT r.product_id, r.id, r.received, COALESCE(SUM(m.delta), 0), 'received is not the sum of its movements'
FROM restock_orders r
LEFT JOIN stock_movements m ON m.restock_order_id = r.id
GROUP BY r.product_id, r.id, r.received
HAVING r.received <> COALESCE(SUM(m.delta), 0)
UNION ALL
SELECT m.product_id, m.restock_order_id, m.product_id, r.product_id, 'a movement of another product'
FROM stock_movements m
JOIN restock_orders r ON r.id = m.restock_order_id
WHERE m.product_id <> r.product_id
ORDER BY product_id, restock_order_id
