-- Invariant 6: after its placement an order takes one legal step after the other, never goes back in time,
-- and the last step is the order's status.
SELECT o.id AS order_id, o.status, CONCAT_WS(',', 'placed', GROUP_CONCAT(e.status ORDER BY e.step)) AS history
FROM orders o
LEFT JOIN order_events e ON e.order_id = o.id
GROUP BY o.id, o.status, o.placed_at
HAVING COALESCE(GROUP_CONCAT(e.status ORDER BY e.step), '') <> CASE o.status
        WHEN 'placed' THEN ''
        WHEN 'shipped' THEN 'shipped'
        WHEN 'delivered' THEN 'shipped,delivered'
        ELSE 'cancelled'
    END
    OR MIN(e.at) < o.placed_at
    OR GROUP_CONCAT(e.step ORDER BY e.step) <> GROUP_CONCAT(e.step ORDER BY e.at, e.step)
ORDER BY o.id
