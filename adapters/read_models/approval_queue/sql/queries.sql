-- name: page
-- What waits for a person, in the order of numbers, with how many there are and how many are done.
WITH waiting AS NOT MATERIALIZED (
    SELECT * FROM read_models.invoice_list AS i
    WHERE status = 'approving' AND NOT %(person)s = ANY(barred)
        AND (CASE WHEN step_group IS NULL THEN %(any_group)s ELSE step_group = ANY(%(groups)s) END) AND {scope}
    UNION ALL
    SELECT i.* FROM read_models.invoice_list AS i
    LEFT JOIN read_models.reference_list AS r ON r.kind = 'customer' AND r.code = i.customer
    WHERE %(one_click)s AND status = 'open' AND {ready} AND {scope}
        AND CASE
            WHEN r.body ->> 'approval_process' = ANY(%(known_processes)s)
                THEN r.body ->> 'approval_process' = ANY(%(processes)s)
            WHEN r.body ->> 'approval_process' IS NULL AND r.body ->> 'cluster' = ANY(%(known_clusters)s)
                THEN r.body ->> 'cluster' = ANY(%(in_clusters)s)
            ELSE %(otherwise)s END
), rows AS (
    SELECT * FROM waiting
    WHERE %(after_period)s::date IS NULL
        OR (period_to, customer, id) > (%(after_period)s, %(after_customer)s::text, %(after_id)s::uuid)
    ORDER BY period_to, customer, id
    LIMIT %(limit)s
)
SELECT t.total AS matching_rows, {columns}, {customer}, {incomplete}, t.done
FROM (SELECT CASE WHEN %(count)s THEN (SELECT count(*) FROM waiting) END AS total, {done} AS done) AS t
LEFT JOIN rows AS m ON true
{customer_join}
ORDER BY m.period_to, m.customer, m.id;

-- name: done
-- What the person approved: still in approval, or final (of the scope's month, else today).
(SELECT count(*) FROM read_models.invoice_list AS i
 WHERE (status = 'approving' AND (%(person)s = ANY(approvers) OR steps_done @> %(in_a_step)s::jsonb)
        OR status = 'approved' AND steps_done @> %(in_a_step)s::jsonb
            AND (%(first)s::date IS NOT NULL OR approval_date = %(today)s))
    AND {scope})

-- name: month
-- Its period touches the month.
period_to >= %(first)s AND period_from <= %(last)s
