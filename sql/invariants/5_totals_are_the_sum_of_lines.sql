-- Invariant 5: an order has at least one line, and its total is the sum of quantity times unit price.
SELECT o.id AS order_id, o.total_minor AS stands, SUM(l.quantity * l.unit_price_minor) AS should_be,
       COUNT(l.order_id) AS order_lines
FROM orders o
LEFT JOIN order_lines l ON l.order_id = o.id
GROUP BY o.id, o.total_minor
HAVING COUNT(l.order_id) = 0 OR o.total_minor <> SUM(l.quantity * l.unit_price_minor)
ORDER BY o.id
