-- The answers that were there name their movements too; its id stands first in such an answer.
UPDATE idempotency_keys SET movement_id = JSON_EXTRACT(body, '$.id')
WHERE movement_id IS NULL AND body <> '' AND location LIKE '/products/%/stock/movements'
