-- name: changed_after
-- What prices are made of and changed after a position.
SELECT kind, code FROM reference_present
WHERE position > %(position)s AND kind IN ('pricing-rule', 'product', 'exchange-rate', 'cluster', 'customer')
ORDER BY kind, code;

-- name: as_of
-- Pieces of reference data as they were at a position; those that were not there yet are left out.
SELECT w.kind, w.code, e.version, e.in_force, b.body
FROM unnest(%(kinds)s::text[], %(codes)s::text[], %(streams)s::text[]) AS w(kind, code, stream)
CROSS JOIN LATERAL (
    SELECT s.originator_version AS version, split_part(s.topic, '.', 2) = 'saved' AS in_force
    FROM stored_events s
    WHERE s.originator_id = w.stream AND s.notification_id <= %(position)s
    ORDER BY s.originator_version DESC LIMIT 1) AS e
CROSS JOIN LATERAL (
    SELECT convert_from(s.state, 'UTF8')::jsonb -> 'body' AS body
    FROM stored_events s
    WHERE s.originator_id = w.stream AND s.originator_version <= e.version AND split_part(s.topic, '.', 2) = 'saved'
    ORDER BY s.originator_version DESC LIMIT 1) AS b;

-- name: calculated_invoices
-- Invoices that were calculated, above an id.
SELECT DISTINCT record_key FROM stored_events
WHERE kind = 'customer-invoice' AND topic = 'customer-invoice.calculated' AND record_key > %(after)s
ORDER BY record_key
LIMIT %(limit)s;
