-- Invariant 3: nothing on the shelf or promised is negative, every product has its stock row, and no order
-- was placed for more than was there. A count, damage, loss or correction may leave less on the shelf than is
-- promised, but nothing can be promised after it until there is enough again.
--
-- Each line notes the movement after which it was reserved. Between two movements the shelf does not change,
-- so after the last reservation between them what is promised must not exceed the balance of the first.
-- Promised are the lines reserved up to then, less those shipped up to then. Cancelled orders are left out:
-- they could only have added to what was promised.
SELECT p.id AS product_id, NULL AS sequence, s.on_hand, s.reserved, 'negative, or no stock row' AS broken
FROM products p
LEFT JOIN stock s ON s.product_id = p.id
WHERE s.product_id IS NULL OR s.on_hand < 0 OR s.reserved < 0
UNION ALL
SELECT promised.product_id, promised.sequence, COALESCE(m.balance_after, 0), promised.units,
       'an order was placed for more than was there after this movement'
FROM (
    SELECT product_id, sequence, is_placed,
           SUM(units) OVER (PARTITION BY product_id ORDER BY sequence) AS units
    FROM (
        SELECT l.product_id, l.reserved_at_sequence AS sequence, SUM(l.quantity) AS units, 1 AS is_placed
        FROM orders o
        JOIN order_lines l ON l.order_id = o.id
        WHERE o.status <> 'cancelled'
        GROUP BY l.product_id, l.reserved_at_sequence
        UNION ALL
        SELECT m.product_id, m.sequence, -l.quantity, 0
        FROM orders o
        JOIN order_lines l ON l.order_id = o.id
        JOIN stock_movements m ON m.order_id = l.order_id AND m.product_id = l.product_id
        WHERE o.status NOT IN ('placed', 'cancelled')
    ) changes
) promised
LEFT JOIN stock_movements m ON m.product_id = promised.product_id AND m.sequence = promised.sequence
WHERE promised.is_placed = 1 AND promised.units > COALESCE(m.balance_after, 0)
ORDER BY product_id, sequence
