-- name: clusters
-- A tree of 1,111 clusters: ten below each, four levels deep.
INSERT INTO read_models.reference_list (id, kind, code, body_version, name, body, retired, erased, created_at,
    created_position, saved_at, version, position)
SELECT gen_random_uuid(), 'cluster', code, 1, code,
    jsonb_build_object('code', code, 'name', code, 'parent', nullif(left(code, -1), '')), false, false, now(), 1, now(), 1, 1
FROM (
    SELECT 'K' AS code UNION ALL SELECT 'K' || n FROM generate_series(0, 9) AS n
    UNION ALL SELECT 'K' || to_char(n, 'FM00') FROM generate_series(0, 99) AS n
    UNION ALL SELECT 'K' || to_char(n, 'FM000') FROM generate_series(0, 999) AS n
) AS tree;

-- name: customers
-- Customers, ten in each of the lowest clusters.
INSERT INTO read_models.reference_list (id, kind, code, body_version, name, body, retired, erased, created_at,
    created_position, saved_at, version, position)
SELECT gen_random_uuid(), 'customer', 'C' || n, 1, NULL, jsonb_build_object('code', 'C' || n, 'name', 'Customer ' || n,
    'cluster', 'K' || to_char(n %% 1000, 'FM000'), 'time_zone', 'Europe/Berlin'), false, false, now(), 1, now(), 1, 1
FROM generate_series(1, %(customers)s) AS n;

-- name: invoices
-- Months back from %(last)s, an invoice a customer and month. The newest months are open, in approval or still pending;
-- before that all is approved but for some closed and some in error. Totals are spread over six powers of ten.
INSERT INTO read_models.invoice_list (id, number, reference, invoice_type, customer, customer_id, invoice_date,
    period_from, period_to, currency, revenue_total, cost_total, lines, items, status, stale, last_calculated,
    created_at, created_position, changed_at, version, position, ready_from, cost, failure_code, failure_message,
    failure_tries, failing_since, steps, step, step_group, requested_by, requested_at, snapshot_version, snapshot_name,
    snapshot_cluster, series, approval_date)
SELECT gen_random_uuid(),
    CASE WHEN status = 'approved' THEN 'INV-' || to_char(period_from, 'YYYY') || '-' || to_char(
        row_number() OVER (PARTITION BY status, date_part('year', period_from) ORDER BY age DESC, n), 'FM000000') END,
    'C' || n || ' ' || to_char(period_from, 'YYYY-MM'),
    CASE WHEN chance_a < 0.02 THEN 'ad_hoc' ELSE 'periodical' END, 'C' || n, gen_random_uuid(),
    period_to, period_from, period_to, 'EUR',
    CASE WHEN status = 'pending' THEN NULL WHEN chance_b < 0.03 THEN 0 ELSE total END, 1, 5,
    CASE WHEN status = 'pending' THEN NULL WHEN chance_b < 0.03 THEN 0 ELSE 5 END,
    status, status = 'pending', now(), period_from, (%(months)s - age) * %(customers)s::bigint + n, now(), 4, 1,
    period_to + 1, 1,
    CASE WHEN status = 'error' THEN 'no-price' END, CASE WHEN status = 'error' THEN 'P1 has no price.' END,
    CASE WHEN status = 'error' THEN 2 ELSE 0 END, CASE WHEN status = 'error' THEN now() END, '[{"group": "finance", "approvals": 1}]',
    CASE WHEN status = 'approving' THEN 1 END, CASE WHEN status = 'approving' THEN 'finance' END, 'person:ann',
    CASE WHEN status = 'approving' THEN now() END,
    CASE WHEN status IN ('approved', 'approving', 'closed') THEN 1 END,
    CASE WHEN status IN ('approved', 'approving', 'closed') THEN 'Customer ' || n END,
    CASE WHEN status IN ('approved', 'approving', 'closed') THEN 'K' || to_char(n %% 1000, 'FM000') END,
    CASE WHEN status = 'approved' THEN 'default' END, CASE WHEN status = 'approved' THEN period_to + 5 END
FROM (
    SELECT n, age, chance_a, chance_b, period_from, (period_from + interval '1 month - 1 day')::date AS period_to,
        round((10 ^ (chance_c * 6 - 1))::numeric, 2) AS total,
        CASE WHEN age = 0 THEN CASE WHEN chance_d < 0.3 THEN 'pending' ELSE 'open' END
             WHEN age = 1 THEN CASE WHEN chance_d < 0.02 THEN 'error' WHEN chance_d < 0.2 THEN 'approving'
                                    WHEN chance_d < 0.3 THEN 'approved' ELSE 'open' END
             WHEN chance_d < 0.001 THEN 'error' WHEN chance_d < 0.01 THEN 'closed' ELSE 'approved' END AS status
    FROM (
        SELECT n, age, (%(last)s::date - make_interval(months => age))::date AS period_from,
            random() AS chance_a, random() AS chance_b, random() AS chance_c, random() AS chance_d
        FROM generate_series(1, %(customers)s) AS n, generate_series(0, %(months)s - 1) AS age
    ) AS drawn
) AS made
ORDER BY age DESC, n;

-- name: seed
-- The same invoices at every run.
SELECT setseed(0.42);
