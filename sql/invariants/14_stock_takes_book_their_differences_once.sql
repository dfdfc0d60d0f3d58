-- Invariant 14: what a stock take booked of a product is the difference between what was counted and what the ledger
-- says of the moment of that count, in one movement, and none where there was no difference; only counted lines of a
-- take that was not cancelled are booked, and a booked take has booked every line that was counted.
SELECT b.stock_take_id, b.product_id, b.stands, b.should_be, 'what was booked is not the difference' AS broken
FROM (
    SELECT l.stock_take_id, l.product_id, COALESCE(m.delta, 0) AS stands, l.counted - COALESCE((
               SELECT later.balance_after - later.delta FROM stock_movements later
               WHERE later.product_id = l.product_id AND later.at > l.counted_at ORDER BY later.product_id, later.at, later.sequence LIMIT 1
           ), s.on_hand) AS should_be
    FROM stock_take_lines l
    JOIN stock s ON s.product_id = l.product_id
    LEFT JOIN stock_movements m ON m.stock_take_id = l.stock_take_id AND m.product_id = l.product_id
    WHERE l.booked_at IS NOT NULL
) b
WHERE b.stands <> b.should_be
UNION ALL
SELECT l.stock_take_id, l.product_id, COUNT(*), IF(l.booked_at IS NULL, 0, 1), 'a line has more movements than one, or one and is not booked'
FROM stock_take_lines l
JOIN stock_movements m ON m.stock_take_id = l.stock_take_id AND m.product_id = l.product_id
GROUP BY l.stock_take_id, l.product_id, l.booked_at
HAVING COUNT(*) > IF(l.booked_at IS NULL, 0, 1)
UNION ALL
SELECT l.stock_take_id, l.product_id, l.booked_at IS NOT NULL, t.status = 'booked', 'the line is not as the status of its take'
FROM stock_take_lines l
JOIN stock_takes t ON t.id = l.stock_take_id
WHERE (l.booked_at IS NOT NULL AND (l.counted IS NULL OR t.status = 'cancelled'))
   OR (t.status = 'booked' AND l.counted IS NOT NULL AND l.booked_at IS NULL)
ORDER BY stock_take_id, product_id
