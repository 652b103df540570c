-- name: feed_read
-- How far the feed was read; no row: another worker is reading it.
SELECT position FROM reaction_position WHERE reaction = 'calculation' FOR UPDATE SKIP LOCKED;

-- name: begin_feed
-- The row to lock, before anything was read.
INSERT INTO reaction_position (reaction, position) VALUES ('calculation', 0) ON CONFLICT DO NOTHING;

-- name: feed_head
-- Up to where the feed may be read now.
SELECT coalesce(max(position), 0) FROM append_log;

-- name: feed_done
-- It was read up to here.
UPDATE reaction_position SET position = %(upto)s WHERE reaction = 'calculation';

-- name: note_begun
-- Invoices that began, or began anew.
INSERT INTO priced_invoice AS i (invoice, customer, currency)
SELECT DISTINCT ON (e.record_key) e.record_key, b.body ->> 'customer', b.body ->> 'currency'
FROM stored_events e
CROSS JOIN LATERAL (SELECT convert_from(e.state, 'UTF8')::jsonb AS body) AS b
WHERE e.notification_id > %(after)s AND e.notification_id <= %(upto)s AND e.topic = 'customer-invoice.created'
ORDER BY e.record_key, e.notification_id DESC
ON CONFLICT (invoice) DO UPDATE SET customer = excluded.customer, currency = excluded.currency, locked = false,
    inputs = '{}';

-- name: note_locked
-- Invoices that went into approval, or came back.
UPDATE priced_invoice i SET locked = e.locked
FROM (
    SELECT DISTINCT ON (record_key) record_key, topic = 'customer-invoice.approval-requested' AS locked
    FROM stored_events
    WHERE notification_id > %(after)s AND notification_id <= %(upto)s
      AND topic IN ('customer-invoice.approval-requested', 'customer-invoice.reopened')
    ORDER BY record_key, notification_id DESC
) AS e
WHERE i.invoice = e.record_key;

-- name: note_ended
-- Invoices that nothing can change any more; one that was deleted and began anew is no such.
WITH ended AS (
    SELECT record_key FROM (
        SELECT DISTINCT ON (record_key) record_key, topic
        FROM stored_events
        WHERE notification_id > %(after)s AND notification_id <= %(upto)s
          AND topic IN ('customer-invoice.created', 'customer-invoice.approved', 'customer-invoice.closed',
                        'customer-invoice.deleted')
        ORDER BY record_key, notification_id DESC
    ) AS last
    WHERE topic <> 'customer-invoice.created'
), forgotten AS (
    DELETE FROM calculation_due d USING ended WHERE d.invoice = ended.record_key
)
DELETE FROM priced_invoice i USING ended WHERE i.invoice = ended.record_key;

-- name: note_due
-- Invoices whose purchases or inputs changed, or that are no longer locked.
INSERT INTO calculation_due AS d (invoice, since, changed, position, cause, recheck)
SELECT record_key, min(recorded_at), max(recorded_at), max(notification_id),
       (array_agg(topic ORDER BY notification_id DESC))[1], false
FROM stored_events
WHERE notification_id > %(after)s AND notification_id <= %(upto)s
  AND topic IN ('customer-invoice.created', 'customer-invoice.purchases-added', 'customer-invoice.purchases-removed',
                'customer-invoice.changed', 'customer-invoice.reopened', 'customer-invoice.restored',
                'customer-invoice.items-recomputed')
GROUP BY record_key
ORDER BY record_key
ON CONFLICT (invoice) DO UPDATE SET changed = greatest(d.changed, excluded.changed), position = excluded.position,
    cause = excluded.cause, recheck = false;

-- name: note_touched
-- Invoices that a change of reference data may touch: by name what they are priced by or hold, a rule by its scope, a
-- customer's own, those of the customers in a cluster or below it. Joined by equality, so that many changes are no more
-- work than few.
INSERT INTO calculation_due AS d (invoice, since, changed, position, cause, recheck)
WITH RECURSIVE change AS MATERIALIZED (
    SELECT kind, code, position, format('%%s %%s version %%s', kind, code, version) AS cause,
           body ->> 'currency' AS currency, body ->> 'to_currency' AS to_currency, body ->> 'customer' AS customer,
           CASE kind WHEN 'cluster' THEN code WHEN 'pricing-rule' THEN body ->> 'cluster' END AS cluster,
           CASE WHEN body -> 'price' ->> 'family' NOT IN ('flat_fee', 'minimum') THEN body ->> 'product' END AS product,
           CASE kind WHEN 'exchange-rate' THEN 'currency/' || (body ->> 'from_currency')
                     ELSE kind || '/' || code END AS name
    FROM reference_present
    WHERE position > %(after)s AND position <= %(upto)s
      AND kind IN ('pricing-rule', 'product', 'exchange-rate', 'customer', 'cluster')
), below (root, cluster) AS (
    SELECT cluster, cluster FROM change WHERE cluster IS NOT NULL
    UNION
    SELECT b.root, c.code FROM below b JOIN reference_present c ON c.kind = 'cluster' AND c.body ->> 'parent' = b.cluster
), member AS MATERIALIZED (
    SELECT b.root, c.code AS customer
    FROM below b JOIN reference_present c ON c.kind = 'customer' AND c.body ->> 'cluster' = b.cluster
), touched AS (
    SELECT i.invoice, c.position, c.cause
    FROM change c JOIN priced_invoice i ON i.customer = c.code
    WHERE c.kind = 'customer' AND NOT i.locked
    UNION ALL
    SELECT i.invoice, c.position, c.cause
    FROM change c
    JOIN member m ON m.root = c.cluster
    JOIN priced_invoice i ON i.customer = m.customer AND i.currency = coalesce(c.currency, i.currency)
    WHERE NOT i.locked
    UNION ALL
    SELECT i.invoice, c.position, c.cause
    FROM change c
    JOIN (SELECT p.invoice, p.currency, n.name FROM priced_invoice p CROSS JOIN LATERAL unnest(p.inputs) AS n(name)
          WHERE NOT p.locked AND EXISTS (SELECT FROM change WHERE kind NOT IN ('customer', 'cluster'))) AS i
         ON i.name = c.name AND i.currency = coalesce(c.to_currency, i.currency)
    UNION ALL
    SELECT i.invoice, c.position, c.cause
    FROM change c JOIN priced_invoice i ON i.customer = c.customer AND i.currency = c.currency
    WHERE c.kind = 'pricing-rule' AND NOT i.locked
    UNION ALL
    SELECT i.invoice, c.position, c.cause
    FROM change c
    JOIN (SELECT p.invoice, p.currency, n.name FROM priced_invoice p CROSS JOIN LATERAL unnest(p.inputs) AS n(name)
          WHERE NOT p.locked AND EXISTS (SELECT FROM change WHERE kind = 'pricing-rule')) AS i
         ON i.name = 'product/' || c.product AND i.currency = c.currency
    WHERE c.kind = 'pricing-rule' AND c.customer IS NULL AND c.cluster IS NULL
    UNION ALL
    SELECT i.invoice, c.position, c.cause
    FROM change c JOIN priced_invoice i ON i.currency = c.currency
    WHERE c.kind = 'pricing-rule' AND c.customer IS NULL AND c.cluster IS NULL AND c.product IS NULL AND NOT i.locked
)
SELECT invoice, clock_timestamp(), clock_timestamp(), max(position), (array_agg(cause ORDER BY position DESC))[1], true
FROM touched
GROUP BY invoice
ORDER BY invoice
ON CONFLICT (invoice) DO UPDATE SET changed = excluded.changed, position = greatest(d.position, excluded.position),
    recheck = d.recheck OR d.lease_until IS NOT NULL;  -- who is calculating it now may not have seen the change

-- name: claim_due
-- Take those that are due the longest; of many workers each gets others.
UPDATE calculation_due d SET lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
WHERE d.invoice IN (
    SELECT invoice FROM calculation_due
    WHERE (lease_until IS NULL OR lease_until < clock_timestamp())
      AND (changed <= clock_timestamp() - make_interval(secs => %(pause)s)
           OR since <= clock_timestamp() - make_interval(secs => %(longest)s))
    ORDER BY since
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
RETURNING d.invoice, d.position, d.cause, d.recheck;

-- name: settle
-- Forget what was calculated, unless it changed again meanwhile: then it is due since then. And what prices depend on: a
-- change of that which the calculation had not seen may have been noted by now, without a way to know whom it touches.
WITH done AS MATERIALIZED (
    SELECT invoice, position, string_to_array(inputs, E'\n') AS inputs, seen
    FROM unnest(%(invoices)s::uuid[], %(positions)s::bigint[], %(inputs)s::text[], %(seen)s::bigint[])
         AS s(invoice, position, inputs, seen)
), change AS MATERIALIZED (
    SELECT position, CASE kind WHEN 'exchange-rate' THEN 'currency/' || (body ->> 'from_currency')
                               ELSE kind || '/' || code END AS name,
           CASE kind WHEN 'pricing-rule' THEN 'product/' || (body ->> 'product') END AS product
    FROM reference_present
    WHERE position > (SELECT min(seen) FROM done WHERE inputs IS NOT NULL)
      AND kind IN ('pricing-rule', 'product', 'exchange-rate')
), late AS MATERIALIZED (
    SELECT s.invoice, max(c.position) AS position
    FROM change c JOIN done s ON c.position > s.seen AND (c.name = ANY (s.inputs) OR c.product = ANY (s.inputs))
    GROUP BY s.invoice
), kept AS (
    UPDATE priced_invoice i SET inputs = s.inputs
    FROM done s WHERE i.invoice = s.invoice AND s.inputs IS NOT NULL
), again AS (
    UPDATE calculation_due d SET lease_until = NULL, since = d.changed, recheck = d.recheck OR d.position <= s.position,
           position = greatest(d.position, coalesce(l.position, 0))
    FROM done s LEFT JOIN late l USING (invoice)
    WHERE d.invoice = s.invoice AND (d.position > s.position OR l.position IS NOT NULL)
)
DELETE FROM calculation_due d USING done s
WHERE d.invoice = s.invoice AND d.position <= s.position AND NOT EXISTS (SELECT FROM late l WHERE l.invoice = d.invoice);

-- name: give_back
-- Let them be taken again.
UPDATE calculation_due SET lease_until = NULL WHERE invoice = ANY (%(invoices)s);
