-- Units that came without a known cost are marked.
UPDATE stock_movements SET cost_assumed = 1 WHERE delta > 0
