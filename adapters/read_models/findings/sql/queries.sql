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
