-- name: page
-- A page of the list with its exact count, of one moment. Usage is summed for the page's rows only.
WITH matching AS NOT MATERIALIZED (
    SELECT * FROM read_models.provider_invoices
    WHERE (%(provider)s::text IS NULL OR provider = %(provider)s)
        AND (%(number)s::text IS NULL OR number ILIKE %(number)s)
        AND (%(source)s::text IS NULL OR source = %(source)s)
        AND (CASE WHEN %(statuses)s::text[] IS NULL THEN status <> 'deleted' ELSE status = ANY(%(statuses)s) END)
        AND (%(status_reasons)s::text[] IS NULL OR status_reason = ANY(%(status_reasons)s))
        AND (%(reasons)s::text[] IS NULL OR (reasons && %(reasons)s AND cardinality(reasons) > 0)) -- as its index says
        AND (%(overridden)s::boolean IS NULL OR (overridden IS NOT NULL) = %(overridden)s)
        AND (%(overridden_by)s::text IS NULL OR overridden_by = %(overridden_by)s)
        AND (%(changed)s::boolean IS NULL OR change_open = %(changed)s)
        AND (%(currency)s::text IS NULL OR currency = %(currency)s)
        AND (%(total_from)s::numeric IS NULL OR total >= %(total_from)s)
        AND (%(total_to)s::numeric IS NULL OR total <= %(total_to)s)
        AND (%(invoice_date_from)s::date IS NULL OR invoice_date >= %(invoice_date_from)s)
        AND (%(invoice_date_to)s::date IS NULL OR invoice_date <= %(invoice_date_to)s)
        AND (%(period_from)s::date IS NULL OR period_to >= %(period_from)s)
        AND (%(period_to)s::date IS NULL OR period_from <= %(period_to)s)
), rows AS (
    SELECT * FROM matching
    WHERE %(after_period)s::date IS NULL OR (period_to, created_position) < (%(after_period)s, %(after_position)s::bigint)
    ORDER BY period_to DESC, created_position DESC
    LIMIT %(limit)s
)
SELECT t.total AS matching_rows, {columns}, {usage}, {incomplete}
FROM (SELECT CASE WHEN %(count)s THEN (SELECT count(*) FROM matching) END AS total) AS t
LEFT JOIN rows AS m ON true
{usage_join}
ORDER BY m.period_to DESC, m.created_position DESC;

-- name: usage_columns
-- Where the lines of the present attempt are.
u.customers, u.billable_lines, u.billable_cost, u.offered_lines, u.offered_cost, u.waiting_lines, u.waiting_cost,
u.invoiced_lines, u.invoiced_cost, u.released_lines, u.released_cost, u.withdrawn_lines, u.withdrawn_cost,
u.excluded_lines, u.excluded_cost

-- name: usage_join
-- The offers of a row's present attempt, summed.
LEFT JOIN LATERAL (
    SELECT count(DISTINCT o.customer) AS customers,
        sum(o.billable_lines)::bigint AS billable_lines, sum(o.billable_cost) AS billable_cost,
        sum(o.offered_lines)::bigint AS offered_lines, sum(o.offered_cost) AS offered_cost,
        sum(o.waiting_lines)::bigint AS waiting_lines, sum(o.waiting_cost) AS waiting_cost,
        sum(o.invoiced_lines)::bigint AS invoiced_lines, sum(o.invoiced_cost) AS invoiced_cost,
        sum(o.released_lines)::bigint AS released_lines, sum(o.released_cost) AS released_cost,
        sum(o.withdrawn_lines)::bigint AS withdrawn_lines, sum(o.withdrawn_cost) AS withdrawn_cost,
        sum(o.excluded_lines)::bigint AS excluded_lines, sum(o.excluded_cost) AS excluded_cost
    FROM read_models.provider_invoice_usage AS o
    WHERE o.provider_invoice = m.id AND o.attempt = m.attempt
) AS u ON true

-- name: incomplete
-- Since when an event of the invoice, or of an offer of it, waits.
(SELECT min(p.parked_at) FROM read_models.parked AS p
 WHERE p.read_model = 'provider_invoices' AND p.record_key = m.id) AS incomplete_since

-- name: get
-- One invoice.
SELECT {columns}, {usage}, {incomplete} FROM read_models.provider_invoices AS m {usage_join} WHERE m.id = %s;

-- name: usage
-- The offers of one attempt, by customer.
SELECT {columns} FROM read_models.provider_invoice_usage AS m
WHERE m.provider_invoice = %(invoice)s AND m.attempt = coalesce(%(attempt)s::integer,
    (SELECT i.attempt FROM read_models.provider_invoices AS i WHERE i.id = %(invoice)s))
ORDER BY m.customer, m.id;

-- name: of_provider
-- Those of a provider's numbers that we hold.
SELECT {columns} FROM read_models.provider_invoices AS m
WHERE m.provider = %s AND m.number = ANY(%s::text[]) ORDER BY m.number;
