-- Invariant 3: nothing on the shelf or promised is negative, every product has its stock row, and
-- reserved exceeds on hand only where a count or a correction, not a placement, took units away.
SELECT p.id AS product_id, s.on_hand, s.reserved, 'negative, or no stock row' AS broken
FROM products p
LEFT JOIN stock s ON s.product_id = p.id
WHERE s.product_id IS NULL OR s.on_hand < 0 OR s.reserved < 0
UNION ALL
SELECT s.product_id, s.on_hand, s.reserved, 'more is promised than was ever there after a count'
FROM stock s
WHERE s.reserved > s.on_hand
  AND NOT EXISTS (
      SELECT 1 FROM stock_movements m
      WHERE m.product_id = s.product_id AND m.delta < 0 AND m.reason IN ('stock_take', 'damaged', 'correction')
  )
ORDER BY product_id
