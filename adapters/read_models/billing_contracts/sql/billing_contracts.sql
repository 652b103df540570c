-- name: wanted
-- Which contracts a search finds: a part of others.
(%(search)s::text IS NULL OR number ILIKE %(search)s OR name ILIKE %(search)s)
    AND (%(number)s::text IS NULL OR number = %(number)s)
    AND (%(customer)s::text IS NULL OR customers @> ARRAY[%(customer)s::text])
    AND (%(status)s::text IS NULL OR status = %(status)s)
    AND (%(currency)s::text IS NULL OR currency = %(currency)s)
    AND (%(frequency)s::text IS NULL OR frequency = %(frequency)s)
    AND (%(kind)s::text IS NULL OR %(kind)s = ANY(kinds))
    AND (%(task)s::text IS NULL OR %(task)s = ANY(tasks))
    AND (%(billed_on)s::date IS NULL OR (starts <= %(billed_on)s AND (ends IS NULL OR ends > %(billed_on)s)))

-- name: ids
-- The contracts that a search finds, by number, without their pages.
SELECT id FROM read_models.billing_contracts WHERE {wanted} ORDER BY number LIMIT %(limit)s;

-- name: page
-- A page of the contracts with their exact count, of one moment; the newest first.
WITH matching AS NOT MATERIALIZED (
    SELECT * FROM read_models.billing_contracts WHERE {wanted}
), rows AS (
    SELECT * FROM matching
    WHERE %(after_position)s::bigint IS NULL OR created_position < %(after_position)s
    ORDER BY created_position DESC LIMIT %(limit)s
)
SELECT t.total AS matching_rows, {columns},
    (SELECT max(s.day) FROM read_models.billing_schedules AS s WHERE s.contract_id = m.id) AS last_billed
FROM (SELECT CASE WHEN %(count)s THEN (SELECT count(*) FROM matching) END AS total) AS t
LEFT JOIN rows AS m ON true
ORDER BY m.created_position DESC;

-- name: automatic
-- Contracts whose invoices are approved by themselves.
SELECT number FROM read_models.billing_contracts WHERE approval = 'automatic';

-- name: schedules
-- A page of the entries that something happened to, with their exact count; the latest run date first.
WITH matching AS NOT MATERIALIZED (
    SELECT * FROM read_models.billing_schedules
    WHERE (%(contract)s::text IS NULL OR contract = %(contract)s)
        AND (%(contract_id)s::uuid IS NULL OR contract_id = %(contract_id)s)
        AND (%(customer)s::text IS NULL OR customers @> ARRAY[%(customer)s::text])
        AND (%(kind)s::text IS NULL OR kind = %(kind)s)
        AND (%(line)s::text IS NULL OR line = %(line)s)
        AND (%(status)s::text IS NULL OR status = %(status)s)
        AND (%(reason)s::text IS NULL OR reason = %(reason)s)
        AND (%(skipped)s::boolean IS NULL OR (skipped <> '[]') = %(skipped)s)
        AND (%(run_from)s::date IS NULL OR run_date >= %(run_from)s)
        AND (%(run_to)s::date IS NULL OR run_date <= %(run_to)s)
), rows AS (
    SELECT * FROM matching
    WHERE %(after_run)s::date IS NULL OR (run_date, created_position) < (%(after_run)s, %(after_position)s::bigint)
    ORDER BY run_date DESC, created_position DESC LIMIT %(limit)s
)
SELECT t.total AS matching_rows, {columns}
FROM (SELECT CASE WHEN %(count)s THEN (SELECT count(*) FROM matching) END AS total) AS t
LEFT JOIN rows AS m ON true
ORDER BY m.run_date DESC, m.created_position DESC;
