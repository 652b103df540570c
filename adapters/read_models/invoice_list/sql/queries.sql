-- name: page
-- A page of the list with its exact count, of one moment. The customer is joined for the page's rows.
WITH RECURSIVE clusters AS (
    SELECT %(cluster)s::text AS code
    UNION
    SELECT c.code FROM read_models.reference_list AS c JOIN clusters AS up ON c.body ->> 'parent' = up.code
    WHERE c.kind = 'cluster' AND %(descendants)s
), matching AS NOT MATERIALIZED (
    SELECT * FROM read_models.invoice_list AS i
    WHERE (CASE WHEN %(statuses)s::text[] IS NULL THEN status <> 'deleted' ELSE status = ANY(%(statuses)s) END)
        AND (CASE %(view)s
            WHEN 'live' THEN status = 'open'
            WHEN 'ready_to_approve' THEN status = 'open'
                AND (CASE invoice_type WHEN 'contract' THEN invoice_date <= %(today)s ELSE period_to < %(today)s END)
            WHEN 'approved' THEN status = 'approved'
            WHEN 'complete' THEN status IN ('approved', 'closed')
            WHEN 'problem' THEN status = 'error'
            ELSE true END)
        AND (%(customer)s::text IS NULL OR customer = %(customer)s)
        AND (%(cluster)s::text IS NULL OR EXISTS (
            SELECT FROM read_models.reference_list AS r JOIN clusters AS k ON r.body ->> 'cluster' = k.code
            WHERE r.kind = 'customer' AND r.code = i.customer))
        AND (%(contract)s::text IS NULL OR contract = %(contract)s)
        AND (%(schedule)s::text IS NULL OR schedule = %(schedule)s)
        AND (%(reference)s::text IS NULL OR reference ILIKE %(reference)s)
        AND (%(number)s::text IS NULL OR number ILIKE %(number)s)
        AND (%(types)s::text[] IS NULL OR invoice_type = ANY(%(types)s))
        AND (%(empty)s::boolean IS NULL OR (coalesce(items, lines) = 0) = %(empty)s)
        AND (%(total_from)s::numeric IS NULL OR coalesce(revenue_total, 0) >= %(total_from)s)
        AND (%(total_to)s::numeric IS NULL OR coalesce(revenue_total, 0) <= %(total_to)s)
        AND (%(period_from)s::date IS NULL OR period_to >= %(period_from)s)
        AND (%(period_to)s::date IS NULL OR period_from <= %(period_to)s)
), rows AS (
    SELECT * FROM matching
    WHERE %(after_period)s::date IS NULL OR (period_to, created_position) < (%(after_period)s, %(after_position)s::bigint)
    ORDER BY period_to DESC, created_position DESC
    LIMIT %(limit)s
)
SELECT t.total AS matching_rows, {columns}, {customer}, {incomplete}
FROM (SELECT CASE WHEN %(count)s THEN (SELECT count(*) FROM matching) END AS total) AS t
LEFT JOIN rows AS m ON true
{customer_join}
ORDER BY m.period_to DESC, m.created_position DESC;

-- name: customer_columns
-- The customer as known now; the name may be ciphertext.
c.body ->> 'name' AS customer_name, c.body ->> 'cluster' AS cluster

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
