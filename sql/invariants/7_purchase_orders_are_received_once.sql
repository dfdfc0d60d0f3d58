-- Invariant 7: incoming is what open purchase orders still owe, drafted what drafts hold; what a line received is what
-- the ledger says and what its receipts say, an order is received when all its lines are, and open while one is not.
SELECT s.product_id, NULL AS purchase_order_id, s.incoming AS stands, COALESCE(owed.units, 0) AS should_be,
       'incoming is not what open orders owe' AS broken
FROM stock s
LEFT JOIN (
    SELECT l.product_id, SUM(GREATEST(l.quantity - l.received, 0)) AS units
    FROM purchase_orders o JOIN purchase_order_lines l ON l.purchase_order_id = o.id
    WHERE o.status = 'ordered' GROUP BY l.product_id
) owed ON owed.product_id = s.product_id
WHERE s.incoming <> COALESCE(owed.units, 0)
UNION ALL
SELECT s.product_id, NULL, s.drafted, COALESCE(on_drafts.units, 0), 'drafted is not what is on drafts'
FROM stock s
LEFT JOIN (
    SELECT l.product_id, SUM(l.quantity) AS units
    FROM purchase_orders o JOIN purchase_order_lines l ON l.purchase_order_id = o.id
    WHERE o.status = 'draft' GROUP BY l.product_id
) on_drafts ON on_drafts.product_id = s.product_id
WHERE s.drafted <> COALESCE(on_drafts.units, 0)
UNION ALL
SELECT l.product_id, l.purchase_order_id, l.received, COALESCE(SUM(m.delta), 0), 'received is not the sum of its movements'
FROM purchase_order_lines l
LEFT JOIN stock_movements m ON m.purchase_order_id = l.purchase_order_id AND m.product_id = l.product_id
GROUP BY l.product_id, l.purchase_order_id, l.received
HAVING l.received <> COALESCE(SUM(m.delta), 0)
UNION ALL
SELECT l.product_id, l.purchase_order_id, l.received, COALESCE(SUM(p.accepted), 0), 'received is not the sum of its receipts'
FROM purchase_order_lines l
LEFT JOIN purchase_order_receipts p ON p.purchase_order_id = l.purchase_order_id AND p.product_id = l.product_id
GROUP BY l.product_id, l.purchase_order_id, l.received, l.rejected
HAVING l.received <> COALESCE(SUM(p.accepted), 0) OR l.rejected <> COALESCE(SUM(p.rejected), 0)
UNION ALL
SELECT NULL, o.id, COUNT(*), COUNT(CASE WHEN l.received < l.quantity THEN 1 END), 'the status is not what its lines say'
FROM purchase_orders o JOIN purchase_order_lines l ON l.purchase_order_id = o.id
WHERE o.status IN ('ordered', 'received')
GROUP BY o.id, o.status
HAVING (o.status = 'ordered') <> (COUNT(CASE WHEN l.received < l.quantity THEN 1 END) > 0)
UNION ALL
SELECT MIN(l.product_id), o.id, SUM(l.received), 0, 'a draft has received something'
FROM purchase_orders o JOIN purchase_order_lines l ON l.purchase_order_id = o.id
WHERE o.status = 'draft' GROUP BY o.id HAVING SUM(l.received + l.rejected) > 0
ORDER BY product_id, purchase_order_id
