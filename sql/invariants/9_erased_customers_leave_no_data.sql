-- Invariant 9: of an erased customer nothing personal is left anywhere.
SELECT c.id AS customer_id, 'the customer' AS found_in
FROM customers c
WHERE c.erased_at IS NOT NULL AND (c.name IS NOT NULL OR c.email IS NOT NULL OR c.phone IS NOT NULL OR c.search_text IS NOT NULL)
UNION ALL
SELECT c.id, 'an account' FROM customers c JOIN accounts a ON a.customer_id = c.id WHERE c.erased_at IS NOT NULL
UNION ALL
SELECT c.id, 'a session' FROM customers c JOIN sessions s ON s.customer_id = c.id WHERE c.erased_at IS NOT NULL
UNION ALL
SELECT c.id, 'a stored answer' FROM customers c JOIN idempotency_keys k ON k.customer_id = c.id
WHERE c.erased_at IS NOT NULL
UNION ALL
SELECT c.id, CONCAT('the stored answer to order ', o.id)
FROM customers c JOIN orders o ON o.customer_id = c.id JOIN idempotency_keys k ON k.order_id = o.id
WHERE c.erased_at IS NOT NULL AND k.body <> ''
UNION ALL
SELECT c.id, CONCAT('order ', o.id) FROM customers c JOIN orders o ON o.customer_id = c.id
WHERE c.erased_at IS NOT NULL
  AND (o.shipping_address IS NOT NULL OR o.note IS NOT NULL OR o.carrier IS NOT NULL OR o.tracking_number IS NOT NULL)
UNION ALL
SELECT c.id, CONCAT('the history of order ', o.id) FROM customers c JOIN orders o ON o.customer_id = c.id
JOIN order_events e ON e.order_id = o.id
WHERE c.erased_at IS NOT NULL AND (e.note IS NOT NULL OR e.old_value IS NOT NULL OR e.new_value IS NOT NULL)
UNION ALL
SELECT c.id, CONCAT('an order under way: ', o.id) FROM customers c JOIN orders o ON o.customer_id = c.id
WHERE c.erased_at IS NOT NULL AND o.status IN ('placed', 'shipped')
ORDER BY customer_id
