-- Invariant 2: reserved is what placed orders, and only those, still wait for.
SELECT s.product_id, s.reserved AS stands, COALESCE(promised.quantity, 0) AS should_be
FROM stock s
LEFT JOIN (
    SELECT l.product_id, SUM(l.quantity) AS quantity
    FROM orders o
    JOIN order_lines l ON l.order_id = o.id
    WHERE o.status = 'placed'
    GROUP BY l.product_id
) promised ON promised.product_id = s.product_id
WHERE s.reserved <> COALESCE(promised.quantity, 0)
ORDER BY s.product_id
