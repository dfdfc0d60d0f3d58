-- Nothing is summed up yet.
INSERT INTO demand_summary (id) VALUES (1)
