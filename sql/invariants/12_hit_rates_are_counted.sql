-- Invariant 12: a product's hit rate is counted from its suggestions that are judged and known.
SELECT counted.product_id, SUM(counted.judged) AS judged, SUM(counted.reached) AS reached, SUM(counted.wanted) AS wanted
FROM (
    SELECT product_id, judged, reached, wanted FROM hit_rates
    UNION ALL
    SELECT product_id, -1, -reached, -service_level FROM suggestions WHERE reached IS NOT NULL
) counted
GROUP BY counted.product_id
HAVING SUM(counted.judged) <> 0 OR SUM(counted.reached) <> 0 OR SUM(counted.wanted) <> 0
ORDER BY counted.product_id
