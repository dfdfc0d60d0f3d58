-- The lines that were there get the time of their order.
UPDATE order_lines l JOIN orders o ON o.id = l.order_id SET l.placed_at = o.placed_at
