-- name: reference_kinds
-- Kinds that there are rows of, whoever put them there.
SELECT DISTINCT kind FROM reference_present ORDER BY kind;

-- name: reference_rows
-- How many pieces of reference data of a kind are kept.
SELECT count(*) FROM reference_present WHERE kind = %(kind)s;

-- name: reference_unlike
-- Rows of one kind that are not what the events of their streams come to: the newest body, and the last event's version,
-- position and whether it leaves the piece in force. The kind's streams are found by the primary key.
WITH event AS MATERIALIZED (
    SELECT originator_id, originator_version AS version, notification_id AS position, state,
           split_part(topic, '.', 2) AS what
    FROM stored_events
    WHERE originator_id >= %(kind)s || '/' AND originator_id < %(kind)s || '0'
      AND split_part(topic, '.', 2) IN ('saved', 'retired', 'erased', 'moved')
), last AS (
    SELECT DISTINCT ON (originator_id) originator_id, version, position, what IN ('saved', 'moved') AS in_force
    FROM event ORDER BY originator_id, version DESC
), body AS (
    SELECT DISTINCT ON (originator_id) originator_id, convert_from(state, 'UTF8')::jsonb ->> 'code' AS code,
           reference_body(%(kind)s, state) AS body
    FROM event WHERE what = 'saved' ORDER BY originator_id, version DESC
), folded AS (
    SELECT coalesce(b.code, %(kind)s) AS code, l.version, l.position, l.in_force, coalesce(b.body, '{}') AS body
    FROM last l LEFT JOIN body b USING (originator_id)
), kept AS (
    SELECT code, version, position, in_force, body FROM reference_present WHERE kind = %(kind)s
)
SELECT code,
       CASE WHEN k.version IS NULL THEN 'it is missing'
            WHEN f.version IS NULL THEN 'there is no event of it'
            ELSE concat_ws(', ', CASE WHEN k.version <> f.version THEN 'version' END,
                           CASE WHEN k.position <> f.position THEN 'position' END,
                           CASE WHEN k.in_force <> f.in_force THEN 'in force' END,
                           CASE WHEN k.body <> f.body THEN 'body' END) || ' differs' END,
       count(*) OVER ()
FROM folded f FULL JOIN kept k USING (code)
WHERE (f.version, f.position, f.in_force, f.body) IS DISTINCT FROM (k.version, k.position, k.in_force, k.body)
ORDER BY code
LIMIT %(limit)s;

-- name: counts_kept
-- How many counts are kept.
SELECT count(*) FROM read_models.invoice_counts WHERE n <> 0;

-- name: counts_unlike
-- Counts of the invoice list that are not what its rows come to, of one moment.
WITH counted AS (
    SELECT c.what, c.value, c.bucket, c.status, c.invoice_type, c.empty, c.ready_from, count(*) AS n
    FROM read_models.invoice_list AS r, read_models.invoice_cells(r.status, r.invoice_type, r.items, r.lines,
        r.ready_from, r.period_from, r.period_to, r.revenue_total, r.snapshot_version, r.snapshot_cluster) AS c
    GROUP BY 1, 2, 3, 4, 5, 6, 7
), kept AS (
    SELECT * FROM read_models.invoice_counts WHERE n <> 0
)
SELECT concat_ws(' ', what, nullif(value, ''), nullif(bucket, 0), status, invoice_type,
                 CASE WHEN empty THEN 'empty' END, CASE WHEN isfinite(ready_from) THEN 'ready from ' || ready_from END),
       coalesce(k.n, 0) || ' kept, ' || coalesce(c.n, 0) || ' counted', count(*) OVER ()
FROM counted c FULL JOIN kept k USING (what, value, bucket, status, invoice_type, empty, ready_from)
WHERE c.n IS DISTINCT FROM k.n
ORDER BY 1
LIMIT %(limit)s;

-- name: numbers_unlike
-- Thousands of kept numbers that are not those of the list's rows, of one moment.
WITH listed AS (
    SELECT p.lead, p.width, p.rest, bit_or(B'1'::bit(1000) >> p.place) AS taken
    FROM read_models.invoice_list AS r, read_models.number_place(r.number, r.approval_date) AS p
    WHERE r.number IS NOT NULL GROUP BY 1, 2, 3
), kept AS (
    SELECT lead, width, rest, taken FROM read_models.invoice_numbers WHERE bit_count(taken) > 0
)
SELECT 'numbers ' || lead || repeat('?', width) || rest,
       coalesce(bit_count(k.taken), 0) || ' kept, ' || coalesce(bit_count(l.taken), 0) || ' listed', count(*) OVER ()
FROM listed l FULL JOIN kept k USING (lead, width, rest)
WHERE l.taken IS DISTINCT FROM k.taken
ORDER BY 1
LIMIT %(limit)s;
