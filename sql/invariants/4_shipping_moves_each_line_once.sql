-- Invariant 4: an order that was shipped, whatever became of it, wrote exactly one sale movement for each of its
-- lines, of the line's quantity; a placed or cancelled one wrote none.
SELECT o.id AS order_id, o.status, l.product_id, l.quantity AS ordered, m.delta AS moved
FROM orders o
JOIN order_lines l ON l.order_id = o.id
LEFT JOIN stock_movements m ON m.order_id = o.id AND m.product_id = l.product_id
WHERE (o.status NOT IN ('placed', 'cancelled') AND (m.id IS NULL OR m.delta <> -l.quantity OR m.reason <> 'sale'))
   OR (o.status IN ('placed', 'cancelled') AND m.id IS NOT NULL)
UNION ALL
SELECT m.order_id, o.status, m.product_id, NULL, m.delta
FROM stock_movements m
JOIN orders o ON o.id = m.order_id
LEFT JOIN order_lines l ON l.order_id = m.order_id AND l.product_id = m.product_id
WHERE l.order_id IS NULL
ORDER BY order_id, product_id
