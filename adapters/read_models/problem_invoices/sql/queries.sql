-- name: page
-- A page of the list with its exact count, of one moment; automatic imports without progress are stuck.
WITH problems AS NOT MATERIALIZED (
    SELECT *, kinds AS now_kinds, since AS now_since FROM read_models.problem_invoices WHERE since IS NOT NULL
    UNION ALL
    SELECT *, '{{stuck}}'::text[], last_event_at FROM read_models.problem_invoices
    WHERE since IS NULL AND status_reason = 'populating' AND source = 'automatic' AND last_event_at < %(stuck_before)s
), matching AS NOT MATERIALIZED (
    SELECT * FROM problems
    WHERE (%(kinds)s::text[] IS NULL OR now_kinds && %(kinds)s)
        AND (%(provider)s::text IS NULL OR provider = %(provider)s)
        AND (%(number)s::text IS NULL OR number ILIKE %(number)s)
        AND (%(currency)s::text IS NULL OR currency = %(currency)s)
), rows AS (
    SELECT * FROM matching
    WHERE %(after_since)s::timestamptz IS NULL OR (now_since, id) < (%(after_since)s, %(after_id)s::uuid)
    ORDER BY now_since DESC, id DESC
    LIMIT %(limit)s
)
SELECT t.total AS matching_rows, {columns}, m.now_kinds, m.now_since,
    (SELECT min(p.parked_at) FROM read_models.parked AS p
     WHERE p.read_model = 'problem_invoices' AND p.record_key = m.id) AS incomplete_since
FROM (SELECT CASE WHEN %(count)s THEN (SELECT count(*) FROM matching) END AS total) AS t
LEFT JOIN rows AS m ON true
ORDER BY m.now_since DESC, m.id DESC;
