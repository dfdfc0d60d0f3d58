-- What was a restock order is a purchase order, under its number.
UPDATE audit_log SET object = 'purchase_order' WHERE object = 'restock_order'
