-- What came of it, a receipt a movement.
INSERT INTO purchase_order_receipts
    (purchase_order_id, receipt, product_id, accepted, rejected, actor_account_id, actor_api_key_id, at)
SELECT m.restock_order_id, ROW_NUMBER() OVER (PARTITION BY m.restock_order_id ORDER BY m.sequence), m.product_id,
    m.delta, 0, m.actor_account_id, m.actor_api_key_id, m.at
FROM stock_movements m
WHERE m.restock_order_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM purchase_order_receipts p WHERE p.purchase_order_id = m.restock_order_id)
