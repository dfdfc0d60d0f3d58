-- As the last line of the ledger says. Nobody has changed the stock.
UPDATE stock s JOIN stock_movements m ON m.product_id = s.product_id AND m.sequence = s.movement_count
SET s.cost_unknown = m.cost_unknown, s.updated_at = s.updated_at
WHERE m.cost_unknown = 1
