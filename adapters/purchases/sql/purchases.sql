-- name: accept
-- Store purchases that are not there yet, each with its place; the ids of those that are new.
WITH given AS (
    SELECT * FROM unnest(
        %(ids)s::uuid[], %(keys)s::text[], %(customers)s::text[], %(products)s::text[], %(subscriptions)s::text[],
        %(quantities)s::numeric[], %(units)s::text[], %(days)s::date[], %(moments)s::timestamptz[],
        %(costs)s::numeric[], %(currencies)s::text[], %(references)s::text[], %(corrects)s::uuid[],
        %(attributes)s::text[], %(digests)s::text[], %(states)s::text[], %(destinations)s::uuid[],
        %(reasons)s::text[], %(finals)s::boolean[]
    ) WITH ORDINALITY AS g(id, key, customer, product, subscription, quantity, unit, day, occurred_at, cost, currency,
                           reference, corrects, attributes, digest, state, destination, reason, reference_final, place)
), added AS (
    INSERT INTO purchase (id, key, customer, product, subscription, quantity, unit, day, occurred_at, cost, currency,
                          reference, corrects, attributes, digest, accepted_at, actor)
    SELECT id, key, customer, product, subscription, quantity, unit, day, occurred_at, cost, currency,
           reference, corrects, attributes, digest, %(at)s, %(actor)s
    FROM given ORDER BY place
    ON CONFLICT (id) DO NOTHING
    RETURNING seq, id
), placed AS (
    INSERT INTO purchase_place (seq, state, destination, reference_final, reason, since)
    SELECT a.seq, g.state, g.destination, g.reference_final, g.reason, %(at)s
    FROM added a JOIN given g USING (id)
)
SELECT id FROM added;

-- name: digests
-- What is stored of purchases, to tell a repeat from a conflict.
SELECT id, digest FROM purchase WHERE id = ANY (%(ids)s);

-- name: find
-- Purchases with their places.
SELECT p.seq, p.id, p.key, p.customer, p.product, p.quantity, p.day, p.occurred_at, p.digest, p.subscription, p.unit,
       p.cost, p.currency, p.reference, p.corrects, p.attributes,
       s.state, s.destination, s.reason, s.reference_final, s.batch, p.accepted_at, s.since, p.actor
FROM purchase p JOIN purchase_place s USING (seq)
WHERE p.id = ANY (%(ids)s);

-- name: page
-- A page of purchases by seq, newest first.
SELECT p.seq, p.id, p.key, p.customer, p.product, p.quantity, p.day, p.occurred_at, p.digest, p.subscription, p.unit,
       p.cost, p.currency, p.reference, p.corrects, p.attributes,
       s.state, s.destination, s.reason, s.reference_final, s.batch, p.accepted_at, s.since, p.actor
FROM purchase p JOIN purchase_place s USING (seq)
WHERE p.seq < %(before)s
  AND (%(customer)s::text IS NULL OR p.customer = %(customer)s)
  AND (%(product)s::text IS NULL OR p.product = %(product)s)
  AND (%(reference)s::text IS NULL OR p.reference = %(reference)s)
  AND (%(invoice)s::uuid IS NULL OR s.destination = %(invoice)s)
  AND (%(states)s::text[] IS NULL OR s.state = ANY (%(states)s))
  AND (%(day_from)s::date IS NULL OR p.day >= %(day_from)s)
  AND (%(day_to)s::date IS NULL OR p.day <= %(day_to)s)
ORDER BY p.seq DESC
LIMIT %(limit)s;

-- name: count
-- How many purchases a search finds.
SELECT count(*)
FROM purchase p JOIN purchase_place s USING (seq)
WHERE (%(customer)s::text IS NULL OR p.customer = %(customer)s)
  AND (%(product)s::text IS NULL OR p.product = %(product)s)
  AND (%(reference)s::text IS NULL OR p.reference = %(reference)s)
  AND (%(invoice)s::uuid IS NULL OR s.destination = %(invoice)s)
  AND (%(states)s::text[] IS NULL OR s.state = ANY (%(states)s))
  AND (%(day_from)s::date IS NULL OR p.day >= %(day_from)s)
  AND (%(day_to)s::date IS NULL OR p.day <= %(day_to)s);

-- name: doors
-- Invoices that purchases are arriving at, each found by one step in the index.
WITH RECURSIVE door AS (
    (SELECT destination FROM purchase_place WHERE state = 'arriving' ORDER BY destination LIMIT 1)
    UNION ALL
    SELECT (SELECT p.destination FROM purchase_place p
            WHERE p.state = 'arriving' AND p.destination > door.destination ORDER BY p.destination LIMIT 1)
    FROM door WHERE door.destination IS NOT NULL
)
SELECT d.destination, p.customer, f.lines
FROM door d
CROSS JOIN LATERAL (
    SELECT min(s.seq) AS seq, count(*)::integer AS lines
    FROM purchase_place s WHERE s.state = 'arriving' AND s.destination = d.destination) AS f
JOIN purchase p ON p.seq = f.seq
LIMIT %(limit)s;

-- name: arrived
-- What is to be taken in by invoices, by the currency of the costs, at most 10,000 rows each.
SELECT d.invoice, t.currency, array_agg(t.seq ORDER BY t.seq), trim_scale(sum(coalesce(t.cost, 0))),
       encode(sha256(convert_to(string_agg(t.id || ',' || t.digest || E'\n', '' ORDER BY t.seq), 'UTF8')), 'hex'),
       min(t.since)
FROM unnest(%(invoices)s::uuid[]) AS d(invoice)
CROSS JOIN LATERAL (
    SELECT s.seq, s.since, p.id, p.digest, p.cost, CASE WHEN p.cost IS NOT NULL THEN p.currency END AS currency
    FROM purchase_place s JOIN purchase p USING (seq)
    WHERE s.destination = d.invoice AND s.state = ANY (%(states)s)
    ORDER BY s.seq LIMIT 10000) AS t
GROUP BY d.invoice, t.currency
ORDER BY d.invoice, t.currency NULLS FIRST;

-- name: take_in
-- These purchases are on the invoice; the count tells whether all of them still went to it.
UPDATE purchase_place SET state = 'invoiced', batch = %(batch)s
WHERE seq = ANY (%(seqs)s) AND destination = %(invoice)s AND state IN ('arriving', 'waiting');

-- name: waiting_at
-- What waits for schedule entries, by customer and currency of the costs, in batches of 10,000 rows.
SELECT t.entry, t.customer, t.currency, array_agg(t.seq ORDER BY t.seq), trim_scale(sum(coalesce(t.cost, 0))),
       encode(sha256(convert_to(string_agg(t.id || ',' || t.digest || E'\n', '' ORDER BY t.seq), 'UTF8')), 'hex')
FROM (
    SELECT s.destination AS entry, p.customer, CASE WHEN p.cost IS NOT NULL THEN p.currency END AS currency, s.seq,
           p.id, p.digest, p.cost,
           (row_number() OVER (PARTITION BY s.destination, p.customer, p.cost IS NULL, p.currency ORDER BY s.seq) - 1)
           / 10000 AS batch
    FROM purchase_place s JOIN purchase p USING (seq)
    WHERE s.destination = ANY (%(entries)s::uuid[]) AND s.state = 'waiting') AS t
GROUP BY t.entry, t.customer, t.currency, t.batch
ORDER BY t.entry, t.customer, t.currency NULLS FIRST, t.batch;

-- name: take_from_entry
-- These purchases waited for an entry and are on the invoice; the count tells whether all of them still did.
UPDATE purchase_place SET state = 'invoiced', batch = %(batch)s, destination = %(invoice)s, reason = NULL
WHERE seq = ANY (%(seqs)s) AND destination = %(entry)s AND state = 'waiting';

-- name: hand_over
-- Batches on one invoice are on another one; the count tells whether all of their rows were.
UPDATE purchase_place SET destination = %(to)s
WHERE batch = ANY (%(batches)s) AND destination = %(invoice)s AND state = 'invoiced';

-- name: move
-- Purchases get another place; the count tells whether all of them still were where the caller saw them. The batch that
-- a cancelled one was in is kept: its digest is over all that ever was in it.
UPDATE purchase_place SET state = %(state)s, destination = %(to)s, reason = %(reason)s,
       reference_final = reference_final OR %(final)s
WHERE seq = ANY (%(seqs)s) AND state = %(at)s AND destination IS NOT DISTINCT FROM %(destination)s;

-- name: move_all
-- All purchases at a destination get another place.
UPDATE purchase_place SET state = %(state)s, destination = %(to)s, reason = %(reason)s,
       reference_final = reference_final OR %(final)s
WHERE destination = %(destination)s AND state = %(at)s;

-- name: nowhere
-- Of these customers, those with purchases that no invoice could take.
SELECT DISTINCT p.customer
FROM purchase_place s JOIN purchase p USING (seq)
WHERE s.state IN ('unrouted', 'excluded') AND p.customer = ANY (%(customers)s);

-- name: batches
-- What the rows of batches add up to: how many, and the digest over them in order.
SELECT s.batch, count(*),
       encode(sha256(convert_to(string_agg(p.id || ',' || p.digest || E'\n', '' ORDER BY s.seq), 'UTF8')), 'hex')
FROM purchase_place s JOIN purchase p USING (seq)
WHERE s.batch = ANY (%(batches)s) GROUP BY s.batch;
