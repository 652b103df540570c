-- name: page
-- A page of the list with its exact count, of one moment. The customer is joined for the page's rows.
{beforehand}
SELECT t.total AS matching_rows, {columns}, {customer}, {incomplete}
FROM (SELECT {total} AS total) AS t
LEFT JOIN (
    SELECT id FROM ({rows}) AS u ORDER BY period_to DESC, created_position DESC LIMIT %(limit)s
) AS found ON true
LEFT JOIN read_models.invoice_list AS m ON m.id = found.id
{customer_join}
ORDER BY m.period_to DESC, m.created_position DESC;

-- name: rows
-- The newest of one status: each is found by the index that suits it.
(SELECT id, period_to, created_position FROM read_models.invoice_list AS i WHERE {where}
 ORDER BY period_to DESC, created_position DESC LIMIT %(limit)s)

-- name: none
-- No row at all.
(SELECT id, period_to, created_position FROM read_models.invoice_list AS i WHERE false)

-- name: scan
-- Counts what matches.
(SELECT count(*) FROM read_models.invoice_list AS i WHERE {where})

-- name: customer_columns
-- The customer as known now, or as at the request; the name may be ciphertext.
CASE WHEN m.snapshot_version IS NULL THEN c.body ->> 'name' ELSE m.snapshot_name END AS customer_name,
CASE WHEN m.snapshot_version IS NULL THEN c.body ->> 'cluster' ELSE m.snapshot_cluster END AS cluster

-- name: customer_join
-- An invoice may be there before its customer: topics come in any order.
LEFT JOIN read_models.reference_list AS c ON c.kind = 'customer' AND c.code = m.customer

-- name: incomplete
-- Since when an event of the invoice waits.
(SELECT min(p.parked_at) FROM read_models.parked AS p
 WHERE p.read_model = 'invoice_list' AND p.record_key = m.id) AS incomplete_since

-- name: get
-- One invoice.
SELECT {columns}, {customer}, {incomplete} FROM read_models.invoice_list AS m {customer_join} WHERE m.id = %s;

-- name: tree
-- The cluster, with those in it when they are asked for.
WITH RECURSIVE clusters AS (
    SELECT %(cluster)s::text AS code
    UNION
    SELECT c.code FROM read_models.reference_list AS c JOIN clusters AS up ON c.body ->> 'parent' = up.code
    WHERE c.kind = 'cluster' AND %(descendants)s
)
SELECT code FROM clusters;

-- name: members
-- Who is in these clusters now.
WITH members AS MATERIALIZED (
    SELECT r.code FROM read_models.reference_list AS r
    WHERE r.kind = 'customer' AND r.body ->> 'cluster' = ANY(%(clusters)s)
)

-- name: seen
-- What has to be looked at one by one to be counted, once for count and rows; members first.
{members}, seen AS MATERIALIZED ({each})

-- name: seen_some
-- Of some statuses.
SELECT id, period_to, created_position FROM read_models.invoice_list AS i WHERE {where}

-- name: seen_count
-- How many were seen.
(SELECT count(*) FROM seen)

-- name: seen_rows
-- The newest of them.
(SELECT id, period_to, created_position FROM seen WHERE {where}
 ORDER BY period_to DESC, created_position DESC LIMIT %(limit)s)
