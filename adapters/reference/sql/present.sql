-- name: reference_position
-- Position of the last change of any reference data.
SELECT coalesce(max(position), 0) FROM reference_present;

-- name: same_moment
-- Makes all statements of a transaction see the same moment.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;

-- name: present_customers
-- What billing asks of these customers.
SELECT code, version, in_force, body ->> 'currency', body ->> 'time_zone', body ->> 'billing_period',
    (body ->> 'bill_from')::date, body ->> 'cluster', body ->> 'approval_process', body ->> 'number_series'
FROM reference_present
WHERE kind = 'customer' AND code = ANY(%(codes)s::text[]);

-- name: billed_customers
-- The same of all customers that are billed periodically.
SELECT code, version, in_force, body ->> 'currency', body ->> 'time_zone', body ->> 'billing_period',
    (body ->> 'bill_from')::date, body ->> 'cluster', body ->> 'approval_process', body ->> 'number_series'
FROM reference_present
WHERE kind = 'customer' AND in_force AND body ->> 'bill_from' IS NOT NULL
ORDER BY code;

-- name: present_clusters
-- All clusters.
SELECT code, version, in_force, body ->> 'parent', body ->> 'approval_process', body ->> 'number_series'
FROM reference_present
WHERE kind = 'cluster';

-- name: clusters_up
-- A cluster and those above it, nearest first. UNION, not UNION ALL: it ends whatever stands in the rows.
WITH RECURSIVE up AS (
    SELECT c.code, c.version, c.in_force, c.body, 0 AS distance
    FROM reference_present AS c
    WHERE c.kind = 'cluster' AND c.code = %(code)s
    UNION
    SELECT c.code, c.version, c.in_force, c.body, up.distance + 1
    FROM up
    JOIN reference_present AS c ON c.kind = 'cluster' AND c.code = up.body ->> 'parent'
    WHERE up.distance < 1000
)
SELECT code, version, in_force, body ->> 'parent', body ->> 'approval_process', body ->> 'number_series'
FROM up
ORDER BY distance;

-- name: present_of_kind
-- All of a kind, by code.
SELECT code, version, in_force, body FROM reference_present WHERE kind = %(kind)s ORDER BY code;

-- name: present_of_codes
-- Some of a kind.
SELECT code, version, in_force, body FROM reference_present WHERE kind = %(kind)s AND code = ANY(%(codes)s::text[]);

-- name: changed_since
-- What changed in some kinds since a position: rows carry the position of their last change.
SELECT kind, code, version, in_force, body
FROM reference_present
WHERE position > %(since)s AND kind = ANY(%(kinds)s::text[])
ORDER BY kind, code;

-- name: billed_from
-- The day from which customers are billed, of those that have one.
SELECT code, body ->> 'bill_from' FROM reference_present
WHERE kind = 'customer' AND code = ANY (%(codes)s) AND body ->> 'bill_from' IS NOT NULL;
