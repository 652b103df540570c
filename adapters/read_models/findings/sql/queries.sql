-- name: purchases
-- Purchases that no invoice can take, and those whose reference nobody has known for long; alike ones are one row.
SELECT p.state, b.customer, b.reference, p.reason, count(*) AS purchases, min(p.since) AS since, min(b.day) AS first_day,
    max(b.day) AS last_day
FROM purchase_place AS p
JOIN purchase AS b USING (seq)
WHERE p.state = 'unrouted' OR p.state = 'held' AND p.since < %(held_before)s
GROUP BY p.state, b.customer, b.reference, p.reason
ORDER BY since, b.customer, b.reference
LIMIT %(limit)s;

-- name: usage
-- Usage of provider invoices that no invoice can take.
SELECT u.customer, u.provider_invoice::text, i.provider, i.number, u.reason, count(*) AS offers, min(u.since) AS since
FROM usage_due AS u
LEFT JOIN read_models.provider_invoices AS i ON i.id = u.provider_invoice
WHERE u.state = 'unrouted'
GROUP BY u.customer, u.provider_invoice, i.provider, i.number, u.reason
ORDER BY since, u.customer
LIMIT %(limit)s;

-- name: set_up
-- Customers and clusters that name what is not there or retired, and processes whose groups have no member.
WITH named AS (
    SELECT r.kind, r.code, what.field, what.of_kind, r.body ->> what.field AS names
    FROM reference_present AS r
    JOIN (VALUES ('customer', 'approval_process', 'approval-process'),
                 ('customer', 'number_series', 'invoice-number-series'),
                 ('customer', 'cluster', 'cluster'),
                 ('cluster', 'approval_process', 'approval-process'),
                 ('cluster', 'number_series', 'invoice-number-series')) AS what (kind, field, of_kind)
        ON what.kind = r.kind
    WHERE r.in_force AND r.body ->> what.field IS NOT NULL
    UNION ALL
    SELECT r.kind, r.code, 'steps', 'group', s ->> 'group'
    FROM reference_present AS r, jsonb_array_elements(coalesce(r.body -> 'steps', '[]')) AS s
    WHERE r.kind = 'approval-process' AND r.in_force AND s ->> 'group' IS NOT NULL
)
SELECT n.kind, n.code, n.field, n.of_kind, n.names, CASE
    WHEN p.code IS NULL THEN 'does not exist'
    WHEN NOT p.in_force THEN 'is retired'
    ELSE 'has no member' END AS wrong
FROM named AS n
LEFT JOIN reference_present AS p ON p.kind = n.of_kind AND p.code = n.names
WHERE p.code IS NULL OR NOT p.in_force
    OR n.of_kind = 'group' AND jsonb_array_length(coalesce(p.body -> 'members', '[]')) = 0
ORDER BY n.kind, n.code, n.field
LIMIT %(limit)s;

-- name: runs
-- Contracts that a day's run could not bill, the last time that one looked at them, and that are due since then: by what
-- their next run is, whoever bills a contract moves that on.
SELECT o.number, o.contract::text, o.day, o.outcome, o.code, o.reason, o.next_try, first.since
FROM contract_due AS d
CROSS JOIN LATERAL (
    SELECT t.* FROM invoice_run_outcome AS t
    JOIN invoice_run AS r ON r.report = t.report AND r.cause = 'run'
    WHERE t.contract = d.contract AND t.outcome IN ('failed', 'skipped') AND t.day >= d.next_run
    ORDER BY t.day DESC, t.ended_at DESC LIMIT 1
) AS o
CROSS JOIN LATERAL (
    SELECT min(t.ended_at) AS since FROM invoice_run_outcome AS t
    WHERE t.contract = d.contract AND t.outcome IN ('failed', 'skipped') AND t.day >= d.next_run
) AS first
WHERE d.next_run <= (SELECT max(day) FROM invoice_run) AND NOT EXISTS (
    SELECT FROM invoice_run AS r JOIN invoice_run_outcome AS t ON t.report = r.report AND t.contract = d.contract
    WHERE r.cause = 'run' AND r.day > o.day AND t.outcome IN ('invoiced', 'nothing_to_bill')
)
ORDER BY first.since, o.number
LIMIT %(limit)s;

-- name: skipped
-- Lines that the last billing of their contract skipped, or that hold an entry.
SELECT s.contract, s.contract_id::text, said.line, said.code, (array_agg(said.reason ORDER BY said.day DESC))[1] AS reason,
    min(said.day) AS first_day, max(said.day) AS last_day, min(s.last_event_at) AS since
FROM read_models.billing_schedules AS s
CROSS JOIN LATERAL jsonb_to_recordset(s.skipped) AS said (line text, code text, reason text, day date)
WHERE s.skipped <> '[]' AND (s.status = 'active' OR said.day >= (
    SELECT max(o.day) FROM read_models.billing_schedules AS o
    WHERE o.contract_id = s.contract_id AND o.status = 'inactive'))
GROUP BY s.contract, s.contract_id, said.line, said.code
ORDER BY since, s.contract, said.line
LIMIT %(limit)s;

-- name: left_behind
-- Transactions of lines that have had their last run, on no invoice.
SELECT s.contract, s.contract_id::text, s.line, s.run_date, count(*) AS transactions, min(t.day) AS first_day,
    max(t.day) AS last_day, max(s.last_event_at) AS since
FROM read_models.billing_schedules AS s
JOIN contract_transaction AS t ON t.contract = s.contract_id AND t.line = s.line AND NOT t.cancelled
WHERE s.closing AND s.status = 'inactive' AND NOT EXISTS (
    SELECT FROM contract_taken AS k
    WHERE k.contract = t.contract AND k.line = t.line AND k.year = t.year AND t.number BETWEEN k.first AND k.last
)
GROUP BY s.contract, s.contract_id, s.line, s.run_date
ORDER BY s.contract, s.line
LIMIT %(limit)s;

-- name: milestones_left
-- Milestones of lines that have had their last run, on no invoice.
SELECT s.contract, s.contract_id::text, s.line, s.run_date, count(*) AS milestones, min(m.day) AS first_day,
    max(m.day) AS last_day, max(s.last_event_at) AS since
FROM read_models.billing_schedules AS s
JOIN read_models.contract_lines AS l ON l.contract_id = s.contract_id AND l.line = s.line AND l.milestones <> '[]'
CROSS JOIN LATERAL jsonb_to_recordset(l.milestones) AS m (name text, day date)
WHERE s.closing AND s.status = 'inactive' AND NOT EXISTS (
    SELECT FROM read_models.billing_schedules AS o
    WHERE o.contract_id = s.contract_id AND o.line = s.line AND o.kind = 'milestone' AND o.milestone = m.name
        AND o.status = 'inactive')
GROUP BY s.contract, s.contract_id, s.line, s.run_date
ORDER BY s.contract, s.line
LIMIT %(limit)s;

-- name: superseded
-- Invoices that a newer one replaced, and that nobody has closed or deleted.
SELECT DISTINCT i.reference, i.id::text, i.customer, i.contract, i.status, i.changed_at
FROM read_models.billing_schedules AS s
CROSS JOIN LATERAL jsonb_to_recordset(s.invoices) AS made (id uuid, superseded boolean, deleted boolean)
JOIN read_models.invoice_list AS i ON i.id = made.id AND i.status IN ('pending', 'open', 'error')
WHERE s.invoices @> '[{"superseded": true, "deleted": false}]' AND made.superseded AND NOT made.deleted
ORDER BY i.reference
LIMIT %(limit)s;
