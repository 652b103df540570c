-- name: page
-- A page of the list with its exact count, of one moment; automatic imports without progress are stuck. Each of the two
-- gives a page of its own by its index, the first of both are the page: sorting all of them took a second a million.
WITH wanted AS NOT MATERIALIZED (
    SELECT * FROM read_models.problem_invoices
    WHERE (%(provider)s::text IS NULL OR provider = %(provider)s)
        AND (%(number)s::text IS NULL OR number ILIKE %(number)s)
        AND (%(currency)s::text IS NULL OR currency = %(currency)s)
), failed AS NOT MATERIALIZED (
    SELECT *, kinds AS now_kinds, since AS now_since FROM wanted
    WHERE since IS NOT NULL AND (%(kinds)s::text[] IS NULL OR kinds && %(kinds)s)
), stuck AS NOT MATERIALIZED (
    SELECT *, '{{stuck}}'::text[] AS now_kinds, last_event_at AS now_since FROM wanted
    WHERE since IS NULL AND status_reason = 'populating' AND source = 'automatic' AND last_event_at < %(stuck_before)s
        AND (%(kinds)s::text[] IS NULL OR 'stuck' = ANY(%(kinds)s))
), firsts AS (
    (SELECT * FROM failed
     WHERE %(after_since)s::timestamptz IS NULL OR (since, id) < (%(after_since)s, %(after_id)s::uuid)
     ORDER BY since DESC, id DESC LIMIT %(limit)s)
    UNION ALL
    (SELECT * FROM stuck
     WHERE %(after_since)s::timestamptz IS NULL OR (last_event_at, id) < (%(after_since)s, %(after_id)s::uuid)
     ORDER BY last_event_at DESC, id DESC LIMIT %(limit)s)
), rows AS (
    SELECT * FROM firsts ORDER BY now_since DESC, id DESC LIMIT %(limit)s
)
SELECT t.total AS matching_rows, {columns}, m.now_kinds, m.now_since,
    (SELECT min(p.parked_at) FROM read_models.parked AS p
     WHERE p.read_model = 'problem_invoices' AND p.record_key = m.id) AS incomplete_since
FROM (SELECT CASE WHEN %(count)s
    THEN (SELECT count(*) FROM failed) + (SELECT count(*) FROM stuck) END AS total) AS t
LEFT JOIN rows AS m ON true
ORDER BY m.now_since DESC, m.id DESC;
