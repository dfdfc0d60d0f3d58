-- Invariant 10: the feed's numbers run without a gap from the first that is kept to the last that was given.
SELECT f.pruned_number, f.last_number, COUNT(e.number) AS entries, MIN(e.number) AS lowest, MAX(e.number) AS highest
FROM event_feed f
LEFT JOIN events e ON e.number > 0
GROUP BY f.pruned_number, f.last_number
HAVING COUNT(e.number) <> f.last_number - f.pruned_number
    OR MIN(e.number) <> f.pruned_number + 1
    OR MAX(e.number) <> f.last_number
