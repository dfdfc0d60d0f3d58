-- What happened to restock orders happened to purchase orders of the same number.
UPDATE events SET type = CASE type
    WHEN 'restock_order.opened' THEN 'purchase_order.ordered'
    WHEN 'restock_order.received' THEN 'purchase_order.received'
    ELSE 'purchase_order.cancelled'
END
WHERE type LIKE 'restock!_order.%' ESCAPE '!'
