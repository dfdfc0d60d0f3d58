-- Invariant 7: incoming is what open restock orders still owe, and what restock orders say was received is what the ledger says.
SELECT s.product_id, NULL AS restock_order_id, s.incoming AS stands, COALESCE(SUM(r.quantity - r.received), 0) AS should_be,
       'incoming is not what open orders owe' AS broken
FROM stock s
LEFT JOIN restock_orders r ON r.product_id = s.product_id AND r.status = 'open'
GROUP BY s.product_id, s.incoming
HAVING s.incoming <> COALESCE(SUM(r.quantity - r.received), 0)
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
