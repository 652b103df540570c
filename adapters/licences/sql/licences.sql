-- name: turn
-- One worker at a time reads on, until the end of its transaction.
SELECT pg_try_advisory_xact_lock(4701337003)::integer;

-- name: position
-- How far the feed was read.
SELECT coalesce(max(position), 0) FROM reaction_position WHERE reaction = 'licences';

-- name: head
-- Up to where it can be read now.
SELECT coalesce(max(position), 0) FROM append_log;

-- name: gone
-- What was taken out, or is activated anew, has the licences of its last attempt no more.
DELETE FROM licence n USING stored_events e
WHERE e.notification_id > %(after)s AND e.notification_id <= %(upto)s
  AND e.topic IN ('provider-invoice.activated', 'provider-invoice.deactivated', 'provider-invoice.deleted')
  AND n.provider_invoice = e.record_key;

-- name: activated
-- Licence lines of the attempts that are active at the end of what was read.
WITH latest AS MATERIALIZED (
    SELECT DISTINCT ON (record_key) record_key AS provider_invoice, topic,
           (convert_from(state, 'UTF8')::jsonb ->> 'attempt')::integer AS attempt
    FROM stored_events
    WHERE notification_id > %(after)s AND notification_id <= %(upto)s
      AND topic IN ('provider-invoice.activated', 'provider-invoice.deactivated', 'provider-invoice.deleted')
    ORDER BY record_key, notification_id DESC
), lines AS MATERIALIZED (  -- few or none of a million: found before they are joined with whom they name
    SELECT i.provider_invoice, i.attempt, r.resolution, l.number, l.customer_ref, l.product_ref, l.subscription_ref,
           l.charge_from, l.charge_to, l.quantity, l.unit, l.amount, l.currency
    FROM latest i
    JOIN line_activation a ON a.provider_invoice = i.provider_invoice AND a.attempt = i.attempt
    JOIN line_resolution r ON r.resolution = a.resolution
    JOIN provider_line l ON l.population = ANY (r.populations) AND l.kind = 'licence' AND l.charge <> 'tax'
    WHERE i.topic = 'provider-invoice.activated'
)
INSERT INTO licence (provider_invoice, attempt, number, customer, product, subscription, first_day, last_day,
                     quantity, unit, cost, currency)
SELECT l.provider_invoice, l.attempt, l.number, c.code, p.code, l.subscription_ref, l.charge_from, l.charge_to,
       l.quantity, l.unit, l.amount, l.currency
FROM lines l
JOIN line_reference c ON c.resolution = l.resolution AND c.kind = 'customer' AND c.code IS NOT NULL
     AND c.reference = coalesce(l.customer_ref, '') AND l.charge_from >= c.valid_from AND l.charge_from < c.valid_to
JOIN line_reference p ON p.resolution = l.resolution AND p.kind = 'product' AND p.code IS NOT NULL
     AND p.reference = coalesce(l.product_ref, '') AND l.charge_from >= p.valid_from AND l.charge_from < p.valid_to
ON CONFLICT DO NOTHING;

-- name: advance
-- It was read up to here.
INSERT INTO reaction_position AS r (reaction, position) VALUES ('licences', %(upto)s)
ON CONFLICT (reaction) DO UPDATE SET position = excluded.position;

-- name: costs
-- Exact costs of the licences that lines pass on, by provider invoice and currency.
SELECT w.key, n.provider_invoice, n.attempt, n.currency, trim_scale(sum(n.cost))
FROM unnest(%(keys)s::text[], %(customers)s::text[], %(products)s::text[], %(subscriptions)s::text[],
            %(firsts)s::date[], %(lasts)s::date[]) AS w (key, customer, product, subscription, first, last)
JOIN licence n ON n.customer = w.customer AND n.first_day BETWEEN w.first AND w.last
     AND CASE WHEN w.subscription IS NOT NULL AND n.subscription IS NOT NULL THEN n.subscription = w.subscription
              ELSE n.product = w.product END
GROUP BY w.key, n.provider_invoice, n.attempt, n.currency
ORDER BY w.key, n.provider_invoice, n.attempt, n.currency;
