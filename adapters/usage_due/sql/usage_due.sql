-- name: turn
-- One worker at a time reads on, until the end of its transaction. A lock that writes nothing: most turns find nothing.
SELECT pg_try_advisory_xact_lock(4701337002)::integer;

-- name: position
-- How far the feed was read.
SELECT coalesce(max(position), 0) FROM reaction_position WHERE reaction = 'usage-due';

-- name: head
-- Up to where it can be read now.
SELECT coalesce(max(position), 0) FROM append_log;

-- name: offered
-- Offers that have free lines (again) are due.
INSERT INTO usage_due AS u (offer, provider_invoice, customer, state, since, looked_at)
SELECT DISTINCT ON (e.originator_id) right(e.originator_id, 36)::uuid, e.record_key,
       convert_from(e.state, 'UTF8')::jsonb ->> 'customer', 'due', %(now)s, %(now)s
FROM stored_events e
WHERE e.notification_id > %(after)s AND e.notification_id <= %(upto)s
  AND e.topic IN ('provider-invoice.usage-offered', 'provider-invoice.lines-reoffered')
ON CONFLICT (offer) DO UPDATE SET state = 'due', waits_for = NULL, reason = NULL, since = excluded.since;

-- name: withdrawn
-- What was withdrawn goes nowhere.
DELETE FROM usage_due u USING stored_events e
WHERE e.notification_id > %(after)s AND e.notification_id <= %(upto)s
  AND e.topic = 'provider-invoice.usage-withdrawn' AND u.offer = right(e.originator_id, 36)::uuid;

-- name: unlocked
-- What waited for an invoice that began, was reopened or is final is due.
UPDATE usage_due u SET state = 'due', waits_for = NULL, since = %(now)s
FROM stored_events e
WHERE e.notification_id > %(after)s AND e.notification_id <= %(upto)s
  AND e.topic IN ('customer-invoice.created', 'customer-invoice.reopened', 'customer-invoice.approved',
                  'customer-invoice.closed', 'customer-invoice.deleted')
  AND u.waits_for = right(e.originator_id, 36)::uuid;

-- name: customers_changed
-- What could not be routed is due when its customer was changed.
UPDATE usage_due u SET state = 'due', reason = NULL, since = %(now)s
FROM stored_events e
WHERE e.notification_id > %(after)s AND e.notification_id <= %(upto)s AND e.topic = 'customer.saved'
  AND u.state = 'unrouted' AND u.customer = convert_from(e.state, 'UTF8')::jsonb ->> 'code';

-- name: purchases_unlocked
-- Posted purchases that waited for such an invoice arrive at it (and are sent on from there, if it is final).
UPDATE purchase_place s SET state = 'arriving'
FROM stored_events e
WHERE e.notification_id > %(after)s AND e.notification_id <= %(upto)s
  AND e.topic IN ('customer-invoice.created', 'customer-invoice.reopened', 'customer-invoice.approved',
                  'customer-invoice.closed', 'customer-invoice.deleted')
  AND s.state = 'waiting' AND s.destination = right(e.originator_id, 36)::uuid;

-- name: references_known
-- Posted purchases whose ad hoc invoice began arrive at it.
WITH began AS MATERIALIZED (
    SELECT right(originator_id, 36)::uuid AS invoice, convert_from(state, 'UTF8')::jsonb AS body
    FROM stored_events
    WHERE notification_id > %(after)s AND notification_id <= %(upto)s AND topic = 'customer-invoice.created'
)
UPDATE purchase_place s SET state = 'arriving', destination = b.invoice, reason = NULL
FROM began b JOIN purchase p ON p.reference = b.body ->> 'reference' AND p.customer = b.body ->> 'customer'
WHERE b.body ->> 'invoice_type' = 'ad_hoc' AND s.seq = p.seq AND s.state = 'held';

-- name: contracts_agreed
-- Whose purchases a contract may take.
INSERT INTO usage_contract AS u (contract, customers)
SELECT DISTINCT ON (e.record_key) e.record_key,
       ARRAY(SELECT jsonb_array_elements(convert_from(e.state, 'UTF8')::jsonb #> '{terms,customers}') ->> 'customer')
FROM stored_events e
WHERE e.notification_id > %(after)s AND e.notification_id <= %(upto)s
  AND e.topic IN ('billing-contract.signed', 'billing-contract.amended')
ORDER BY e.record_key, e.notification_id DESC
ON CONFLICT (contract) DO UPDATE SET customers = excluded.customers;

-- name: usage_lines_added
-- Contracts that take usage from now on.
UPDATE usage_contract u SET usage = true FROM stored_events e
WHERE e.notification_id > %(after)s AND e.notification_id <= %(upto)s
  AND e.topic = 'billing-contract.line-added' AND e.record_key = u.contract
  AND convert_from(e.state, 'UTF8')::jsonb #>> '{terms,kind}' = 'usage';

-- name: contracts_changed
-- What waited for an entry that is done, or could not be routed, is due.
UPDATE usage_due d SET state = 'due', waits_for = NULL, reason = NULL, since = %(now)s
FROM stored_events e JOIN usage_contract u ON u.contract = e.record_key AND u.usage
WHERE e.notification_id > %(after)s AND e.notification_id <= %(upto)s
  AND e.topic IN ('billing-contract.line-added', 'billing-contract.line-ended', 'billing-contract.amended',
                  'billing-contract.ended', 'billing-contract.invoiced', 'billing-contract.entry-empty',
                  'billing-contract.entry-cancelled', 'billing-contract.entry-reactivated')
  AND d.state <> 'due' AND d.customer = ANY (u.customers);

-- name: advance
-- It was read up to here.
INSERT INTO reaction_position AS r (reaction, position) VALUES ('usage-due', %(upto)s)
ON CONFLICT (reaction) DO UPDATE SET position = excluded.position;

-- name: look_again
-- Now and then everything is decided again: for what an event of another kind could have changed.
UPDATE usage_due SET state = 'due', looked_at = %(now)s
WHERE offer IN (SELECT offer FROM usage_due WHERE state <> 'due' AND looked_at < %(before)s
                ORDER BY looked_at LIMIT 1000 FOR UPDATE SKIP LOCKED);

-- name: claim
-- Offers of one provider invoice, for one worker.
SELECT offer, provider_invoice, customer FROM usage_due
WHERE state = 'due' AND provider_invoice = (
    SELECT provider_invoice FROM usage_due WHERE state = 'due' ORDER BY since, provider_invoice LIMIT 1)
ORDER BY customer LIMIT %(limit)s
FOR UPDATE SKIP LOCKED;

-- name: done
-- All of them have a destination.
DELETE FROM usage_due WHERE offer = ANY (%(offers)s);

-- name: judged
-- They wait, can't be routed, or are to be decided once more.
UPDATE usage_due u SET state = v.state, waits_for = v.waits_for, reason = v.reason, looked_at = %(now)s,
       since = CASE WHEN u.state = v.state THEN u.since ELSE %(now)s END
FROM unnest(%(offers)s::uuid[], %(states)s::text[], %(waits)s::uuid[], %(reasons)s::text[])
     AS v(offer, state, waits_for, reason)
WHERE u.offer = v.offer;

-- name: again
-- Decide again, of one customer or provider invoice or of all.
UPDATE usage_due SET state = 'due', waits_for = NULL, reason = NULL, since = %(now)s
WHERE state <> 'due' AND (%(customer)s::text IS NULL OR customer = %(customer)s)
  AND (%(provider_invoice)s::uuid IS NULL OR provider_invoice = %(provider_invoice)s);

-- name: of_customers
-- Offers of customers that have lines which nothing holds.
SELECT offer, provider_invoice, customer FROM usage_due
WHERE customer = ANY (%(customers)s::text[]) ORDER BY provider_invoice, customer, offer;

-- name: unplaced
-- What waits or can't be routed of a provider invoice, also while it is looked at again.
SELECT offer, provider_invoice, customer, state, waits_for, reason, since FROM usage_due
WHERE provider_invoice = %(provider_invoice)s AND (state <> 'due' OR waits_for IS NOT NULL) ORDER BY customer;
