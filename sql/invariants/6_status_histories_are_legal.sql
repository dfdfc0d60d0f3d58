-- Invariant 6: after its placement an order takes one legal step after the other, or is corrected where it stands; its
-- history has no gap, never goes back in time, and ends with the order's status.
SELECT o.id AS order_id, o.status, CONCAT_WS(',', 'placed', GROUP_CONCAT(e.status ORDER BY e.step)) AS history
FROM orders o
LEFT JOIN order_events e ON e.order_id = o.id
LEFT JOIN order_events before_it ON before_it.order_id = e.order_id AND before_it.step = e.step - 1
LEFT JOIN order_events after_it ON after_it.order_id = e.order_id AND after_it.step = e.step + 1
GROUP BY o.id, o.status, o.placed_at
HAVING SUM(
    CASE
        WHEN e.step IS NULL THEN o.status <> 'placed'
        WHEN e.step > 2 AND before_it.step IS NULL THEN 1
        WHEN after_it.step IS NULL AND e.status <> o.status THEN 1
        WHEN e.at < COALESCE(before_it.at, o.placed_at) THEN 1
        WHEN e.from_status <> COALESCE(before_it.status, 'placed') THEN 1
        WHEN e.corrected IS NOT NULL THEN e.status <> COALESCE(before_it.status, 'placed')
        ELSE CONCAT(COALESCE(before_it.status, 'placed'), '>', e.status) NOT IN (
            'placed>shipped', 'placed>cancelled', 'shipped>delivered', 'shipped>lost', 'shipped>returned',
            'lost>delivered', 'lost>returned', 'delivered>shipped', 'lost>shipped', 'returned>shipped'
        )
    END
) > 0
ORDER BY o.id
