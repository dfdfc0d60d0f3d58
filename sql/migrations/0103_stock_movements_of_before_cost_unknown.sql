-- Until now whatever came to an empty shelf without a cost came at nothing, and what has come on top of it, or went, was
-- mixed with that until the shelf was empty again.
UPDATE stock_movements m
JOIN (
    SELECT product_id, sequence AS first_sequence, cost_assumed,
        LEAD(sequence) OVER (PARTITION BY product_id ORDER BY sequence) AS next_sequence
    FROM stock_movements WHERE delta > 0 AND balance_after = delta
) filled ON filled.product_id = m.product_id AND m.sequence >= filled.first_sequence
    AND (filled.next_sequence IS NULL OR m.sequence < filled.next_sequence)
SET m.cost_unknown = 1
WHERE filled.cost_assumed = 1
