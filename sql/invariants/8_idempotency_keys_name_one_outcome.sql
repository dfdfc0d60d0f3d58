-- Invariant 8: an answer about an order is about one that exists. A key under which an order was placed
-- (201) names it, and no other key does; a step of the order (200) may be taken under a key as well.
SELECT k.caller, k.idempotency_key, k.location, k.order_id,
       'not about the order that it names, or that one does not exist' AS broken
FROM idempotency_keys k
LEFT JOIN orders o ON o.id = k.order_id
WHERE (k.order_id IS NOT NULL AND o.id IS NULL)
   OR (k.order_id IS NOT NULL AND k.location <> CONCAT('/orders/', k.order_id))
   OR (k.location LIKE '/orders/%' AND k.status = 201 AND k.order_id IS NULL)
   OR (k.location LIKE '/orders/%'
       AND NOT EXISTS (SELECT 1 FROM orders s WHERE s.id = CAST(SUBSTRING(k.location, 9) AS UNSIGNED)))
UNION ALL
SELECT MIN(k.caller), GROUP_CONCAT(k.idempotency_key), MIN(k.location), k.order_id, 'two keys name one order'
FROM idempotency_keys k
WHERE k.order_id IS NOT NULL
GROUP BY k.order_id
HAVING COUNT(*) > 1
ORDER BY 1, 2
