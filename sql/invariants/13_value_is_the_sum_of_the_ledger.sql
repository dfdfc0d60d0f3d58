-- Invariant 13: what the stock of a product has cost is the sum of what its movements changed in it, and every line's
-- value continues the one before. Of a broken ledger the first line where it breaks is named. So is whether some units
-- came at nothing since nobody knew their cost: it is decided when units come to an empty shelf, and carried along.
SELECT s.product_id, NULL AS sequence, s.value_minor_e4 AS stands, COALESCE(SUM(m.value_delta), 0) AS should_be,
       'the value is not the sum of the movements' AS broken
FROM stock s
LEFT JOIN stock_movements m ON m.product_id = s.product_id
GROUP BY s.product_id, s.value_minor_e4
HAVING s.value_minor_e4 <> COALESCE(SUM(m.value_delta), 0)
UNION ALL
SELECT m.product_id, m.sequence, m.value_after, COALESCE(before_it.value_after, 0) + m.value_delta,
       'the first movement whose value does not continue the one before'
FROM (
    SELECT m.product_id, MIN(m.sequence) AS sequence
    FROM stock_movements m
    LEFT JOIN stock_movements before_it ON before_it.product_id = m.product_id AND before_it.sequence = m.sequence - 1
    WHERE m.value_after <> COALESCE(before_it.value_after, 0) + m.value_delta
    GROUP BY m.product_id
) first_break
JOIN stock_movements m ON m.product_id = first_break.product_id AND m.sequence = first_break.sequence
LEFT JOIN stock_movements before_it ON before_it.product_id = m.product_id AND before_it.sequence = m.sequence - 1
UNION ALL
SELECT product_id, sequence, cost_unknown, should_be, 'whether a cost is unknown does not continue the movement before'
FROM (
    SELECT m.product_id, m.sequence, m.cost_unknown,
        IF(m.delta > 0 AND COALESCE(before_it.balance_after, 0) = 0,
           m.cost_assumed AND (COALESCE(before_it.cost_unknown, 0) OR m.value_delta = 0),
           COALESCE(before_it.cost_unknown, 0)) AS should_be
    FROM stock_movements m
    LEFT JOIN stock_movements before_it ON before_it.product_id = m.product_id AND before_it.sequence = m.sequence - 1
    WHERE m.sequence = 1 OR before_it.sequence IS NOT NULL
) line
WHERE cost_unknown <> should_be
UNION ALL
SELECT product_id, NULL, cost_unknown, should_be, 'whether a cost is unknown is not what the last movement says'
FROM (
    SELECT s.product_id, s.cost_unknown, (
        SELECT m.cost_unknown FROM stock_movements m WHERE m.product_id = s.product_id ORDER BY m.product_id DESC, m.sequence DESC LIMIT 1
    ) AS should_be
    FROM stock s
) last_one
WHERE cost_unknown <> should_be
ORDER BY product_id, sequence
