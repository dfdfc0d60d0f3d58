-- Runs are read by everybody on the staff, and how much a draft lacked of what its supplier takes tells what things cost.
UPDATE restock_run_lines
SET reason = REGEXP_REPLACE(reason, '[0-9.]+ [A-Z]{3} are missing to the .*$', 'it comes to less than the supplier takes')
WHERE reason LIKE '% are missing to the %'
