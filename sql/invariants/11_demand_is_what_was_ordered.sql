-- Invariant 11: the summary of a product's demand goes on from day to day, ends with what is available, and its units are
-- those of the orders that were not cancelled. What has changed since the summary was filled, or just before and may have
-- come to light after it, is the next run's.
SELECT broken.product_id, broken.day, broken.stands, broken.should_be, broken.broken
FROM (
    SELECT d.product_id, d.day, d.available_at_start AS stands,
           LAG(d.available_at_end) OVER (PARTITION BY d.product_id ORDER BY d.day) AS should_be,
           'the day does not begin with what the one before ended with' AS broken
    FROM demand_days d
    JOIN demand_summary f ON d.day >= f.first_day
) broken
JOIN stock s ON s.product_id = broken.product_id
JOIN demand_summary f ON s.updated_at < f.filled_at - INTERVAL 15 SECOND
WHERE broken.stands <> broken.should_be
UNION ALL
SELECT d.product_id, d.day, d.available_at_end, s.on_hand - s.reserved, 'the last day does not end with what is available'
FROM (SELECT product_id, MAX(day) AS day FROM demand_days GROUP BY product_id) newest
JOIN demand_days d ON d.product_id = newest.product_id AND d.day = newest.day
JOIN stock s ON s.product_id = d.product_id
JOIN demand_summary f ON s.updated_at < f.filled_at - INTERVAL 15 SECOND AND d.day >= f.first_day
WHERE d.available_at_end <> s.on_hand - s.reserved
UNION ALL
SELECT s.product_id, NULL, COALESCE(summed.units, 0), COALESCE(ordered.units, 0), 'the units are not those of the orders'
FROM stock s
JOIN demand_summary f ON s.updated_at < f.filled_at - INTERVAL 15 SECOND
LEFT JOIN (
    SELECT d.product_id, SUM(d.units) AS units
    FROM demand_days d
    JOIN demand_summary f ON d.day >= f.first_day
    GROUP BY d.product_id
) summed ON summed.product_id = s.product_id
LEFT JOIN (
    SELECT l.product_id, SUM(l.quantity) AS units
    FROM demand_summary f
    JOIN order_lines l ON l.placed_at >= f.first_at
    JOIN orders o ON o.id = l.order_id
    WHERE o.status <> 'cancelled'
    GROUP BY l.product_id
) ordered ON ordered.product_id = s.product_id
WHERE COALESCE(summed.units, 0) <> COALESCE(ordered.units, 0)
ORDER BY product_id, day
