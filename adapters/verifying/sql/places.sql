-- name: invoices
-- Customer invoices by id, above one: each has a first event, found by the primary key.
SELECT split_part(originator_id, '/', 2)::uuid
FROM stored_events
WHERE originator_id > 'customer-invoice/' || %(after)s::text AND originator_id < 'customer-invoice0'
  AND originator_version = 1
ORDER BY originator_id
LIMIT %(limit)s;

-- name: invoice_count
-- How many customer invoices there are.
SELECT count(*) FROM stored_events
WHERE originator_id >= 'customer-invoice/' AND originator_id < 'customer-invoice0' AND originator_version = 1;

-- name: placed
-- What is on these invoices, as the places of purchases say, by batch.
SELECT s.destination, s.batch, count(*), trim_scale(sum(coalesce(p.cost, 0)))
FROM purchase_place s JOIN purchase p USING (seq)
WHERE s.destination = ANY (%(invoices)s) AND s.state = 'invoiced'
GROUP BY s.destination, s.batch;

-- name: lost
-- Purchases that are nowhere: without a place, on their way to no invoice, or on one that was never there.
SELECT p.customer, p.key, coalesce(s.state, 'without a place'), s.destination, count(*) OVER ()
FROM purchase p
LEFT JOIN purchase_place s USING (seq)
WHERE s.seq IS NULL
   OR s.destination IS NULL AND s.state IN ('arriving', 'waiting', 'invoiced')
   OR s.state = 'invoiced' AND NOT EXISTS (
       SELECT FROM stored_events e
       WHERE e.originator_id = 'customer-invoice/' || s.destination AND e.originator_version = 1)
ORDER BY p.seq
LIMIT %(limit)s;

-- name: calculation_count
-- How many calculations were ever stored.
SELECT count(*) FROM stored_events WHERE topic = 'customer-invoice.calculated';
