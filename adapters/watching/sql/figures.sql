-- name: billing_figures
-- What waits on its way to an invoice: how much of each kind, and for how many seconds the oldest has been due.
SELECT 'usage', state, count(*), coalesce(extract(epoch FROM clock_timestamp() - min(since)), 0)::float8
FROM usage_due GROUP BY state
UNION ALL
SELECT 'purchases', state, count(*), coalesce(extract(epoch FROM clock_timestamp() - min(since)), 0)::float8
FROM purchase_place WHERE state IN ('arriving', 'waiting', 'held', 'unrouted') GROUP BY state
UNION ALL
SELECT 'calculations', 'due', count(*), coalesce(extract(epoch FROM clock_timestamp() - min(since)), 0)::float8
FROM calculation_due HAVING count(*) > 0
UNION ALL
SELECT 'tasks', CASE tries WHEN 0 THEN 'due' ELSE 'unknown' END, count(*),
       greatest(coalesce(extract(epoch FROM clock_timestamp() - min(due_at)), 0), 0)::float8
FROM invoice_task WHERE approved GROUP BY 2;
