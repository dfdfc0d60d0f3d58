-- Invariant 1: on hand is the sum of the product's movements, the ledger's sequences run from 1
-- without a gap, and every balance continues the one before. Of a broken ledger the first movement
-- where it breaks is named.
SELECT s.product_id, NULL AS sequence, s.on_hand AS stands, COALESCE(SUM(m.delta), 0) AS should_be,
       'on hand is not the sum of the movements' AS broken
FROM stock s
LEFT JOIN stock_movements m ON m.product_id = s.product_id
GROUP BY s.product_id, s.on_hand
HAVING s.on_hand <> COALESCE(SUM(m.delta), 0)
UNION ALL
SELECT s.product_id, NULL, s.movement_count, COUNT(m.id), 'movement_count is not the number of movements'
FROM stock s
LEFT JOIN stock_movements m ON m.product_id = s.product_id
GROUP BY s.product_id, s.movement_count
HAVING s.movement_count <> COUNT(m.id)
UNION ALL
SELECT m.product_id, m.sequence, m.balance_after, COALESCE(before_it.balance_after, 0) + m.delta,
       'the first movement whose balance does not continue the one before'
FROM (
    SELECT m.product_id, MIN(m.sequence) AS sequence
    FROM stock_movements m
    LEFT JOIN stock_movements before_it ON before_it.product_id = m.product_id AND before_it.sequence = m.sequence - 1
    WHERE m.balance_after <> COALESCE(before_it.balance_after, 0) + m.delta
       OR (m.sequence > 1 AND before_it.sequence IS NULL)
    GROUP BY m.product_id
) first_break
JOIN stock_movements m ON m.product_id = first_break.product_id AND m.sequence = first_break.sequence
LEFT JOIN stock_movements before_it ON before_it.product_id = m.product_id AND before_it.sequence = m.sequence - 1
ORDER BY product_id, sequence
