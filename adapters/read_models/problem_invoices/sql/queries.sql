-- name: page
-- A page of the list with its exact count, of one moment; automatic imports without progress are stuck.
WITH problems AS NOT MATERIALIZED (
    SELECT false AS ours, id, kinds AS now_kinds, since AS now_since, provider, NULL::text AS customer, number, currency
    FROM read_models.problem_invoices WHERE since IS NOT NULL
    UNION ALL
    SELECT false, id, '{{stuck}}'::text[], last_event_at, provider, NULL, number, currency
    FROM read_models.problem_invoices
    WHERE since IS NULL AND status_reason = 'populating' AND source = 'automatic' AND last_event_at < %(stuck_before)s
    UNION ALL
    SELECT true, id, '{{calculation_error}}'::text[], failing_since, NULL, customer, reference, currency
    FROM read_models.invoice_list WHERE status = 'error' AND superseded_by IS NULL
    UNION ALL
    SELECT true, id, '{{approval_stuck}}'::text[], requested_at, NULL, customer, reference, currency
    FROM read_models.invoice_list
    WHERE status = 'approving' AND %(members)s::jsonb IS NOT NULL AND NOT EXISTS (
        SELECT FROM jsonb_array_elements_text(coalesce(%(members)s::jsonb -> coalesce(step_group, ''), '[]')) AS person
        WHERE person <> ALL(barred))
    UNION ALL
    SELECT true, t.id, '{{failed_task}}'::text[], t.failed_since, NULL, i.customer, i.reference, i.currency
    FROM read_models.invoice_tasks AS t JOIN read_models.invoice_list AS i ON i.id = t.id
    WHERE t.failed_since IS NOT NULL
    UNION ALL
    SELECT true, t.id, '{{unknown_task}}'::text[], t.unknown_since, NULL, i.customer, i.reference, i.currency
    FROM read_models.invoice_tasks AS t JOIN read_models.invoice_list AS i ON i.id = t.id
    WHERE t.failed_since IS NULL AND t.unknown_since < %(stuck_before)s
), matching AS NOT MATERIALIZED (
    SELECT * FROM problems
    WHERE (%(kinds)s::text[] IS NULL OR now_kinds && %(kinds)s)
        AND (%(provider)s::text IS NULL OR provider = %(provider)s)
        AND (%(customer)s::text IS NULL OR customer = %(customer)s)
        AND (%(number)s::text IS NULL OR number ILIKE %(number)s)
        AND (%(currency)s::text IS NULL OR currency = %(currency)s)
), rows AS (
    SELECT * FROM matching
    WHERE %(after_since)s::timestamptz IS NULL OR (now_since, id) < (%(after_since)s, %(after_id)s::uuid)
    ORDER BY now_since DESC, id DESC
    LIMIT %(limit)s
)
SELECT t.total AS matching_rows, m.ours, m.now_kinds, m.now_since,
    (SELECT min(p.parked_at) FROM read_models.parked AS p
     WHERE p.read_model = CASE WHEN m.ours THEN 'invoice_list' ELSE 'problem_invoices' END AND p.record_key = m.id),
    j.tasks,
    {columns}, {invoice_columns}
FROM (SELECT CASE WHEN %(count)s THEN (SELECT count(*) FROM matching) END AS total) AS t
LEFT JOIN rows AS m ON true
LEFT JOIN read_models.problem_invoices AS b ON b.id = m.id AND NOT m.ours
LEFT JOIN read_models.invoice_list AS i ON i.id = m.id AND m.ours
LEFT JOIN read_models.invoice_tasks AS j ON j.id = m.id AND m.ours
ORDER BY m.now_since DESC, m.id DESC;
