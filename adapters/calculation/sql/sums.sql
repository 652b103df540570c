-- name: resolutions_of
-- What the attempts of provider invoices were activated with: which lines, and how many.
SELECT a.provider_invoice, a.attempt, v.resolution, v.populations, v.lines
FROM unnest(%(provider_invoices)s::uuid[], %(attempts)s::integer[]) AS w(provider_invoice, attempt)
JOIN line_activation a USING (provider_invoice, attempt)
JOIN line_resolution v USING (resolution);

-- name: scanning
-- For a good part of the lines of a provider invoice: each is read once, in order, and joined by hashes.
SET LOCAL enable_nestloop = off;

-- name: probing
-- For a few lines of many: each is found by its number.
SELECT set_config('enable_nestloop', 'on', true), set_config('enable_hashjoin', 'off', true),
       set_config('enable_mergejoin', 'off', true), set_config('enable_seqscan', 'off', true);

-- name: tuned
-- Sums stay in memory, and compiling costs more than it saves.
SELECT set_config('work_mem', '64MB', true), set_config('jit', 'off', true);

-- name: offered_sums
-- Lines of offers, added up for each part that invoices hold. An offer's own lines are those that activation counted.
WITH held AS MATERIALIZED (
    SELECT h.part, h.resolution, h.customer, h.ranges::int4multirange AS ranges, h.period_from, h.period_to
    FROM unnest(%(parts)s::integer[], %(resolutions)s::bigint[], %(customers)s::text[], %(ranges)s::text[],
                %(firsts)s::date[], %(lasts)s::date[])
         AS h(part, resolution, customer, ranges, period_from, period_to)
), numbered AS MATERIALIZED (
    SELECT h.part, h.resolution, n.number
    FROM held h
    JOIN line_tally t ON t.resolution = h.resolution AND t.customer = h.customer AND t.excluded = ''
    CROSS JOIN LATERAL unnest(t.numbers) AS n(number)
    WHERE n.number <@ h.ranges
), line AS (
    SELECT n.part, l.number, p.code AS product, l.subscription_ref AS subscription, l.unit, l.charge_from AS day,
           coalesce(l.quantity, 1) AS quantity, l.amount
    FROM unnest(%(of)s::bigint[], %(populations)s::bigint[]) AS q(resolution, population)
    JOIN provider_line l ON l.population = q.population
    JOIN numbered n ON n.resolution = q.resolution AND n.number = l.number
    JOIN line_reference p ON p.resolution = n.resolution AND p.kind = 'product'
         AND p.reference = coalesce(l.product_ref, '') AND l.charge_from >= p.valid_from AND l.charge_from < p.valid_to
    WHERE l.population = ANY (%(populations)s::bigint[])
)
SELECT l.part, l.product, l.subscription, l.unit,
       CASE WHEN l.day NOT BETWEEN h.period_from AND h.period_to
            THEN coalesce((SELECT i.period_from FROM invoice_period i
                           WHERE i.customer = h.customer AND l.day BETWEEN i.period_from AND i.period_to),
                          date_trunc('month', l.day)::date) END AS late,
       min(l.day), max(l.day), sum(l.quantity), sum(l.amount), count(*), min(l.number),
       array_agg(l.number) FILTER (WHERE %(rows)s)
FROM line l
JOIN held h USING (part)
GROUP BY l.part, l.product, l.subscription, l.unit, late, width_bucket(l.day, %(boundaries)s::date[]);

-- name: posted_sums
-- Posted purchases, added up for each invoice. Costs in another currency are converted by their own days.
WITH held AS MATERIALIZED (
    SELECT h.place, h.batch, h.removed::int8multirange AS removed, h.customer, h.currency, h.period_from, h.period_to
    FROM unnest(%(places)s::integer[], %(batches)s::uuid[], %(removed)s::text[], %(customers)s::text[],
                %(currencies)s::text[], %(firsts)s::date[], %(lasts)s::date[])
         AS h(place, batch, removed, customer, currency, period_from, period_to)
)
SELECT h.place, p.product, p.subscription, p.unit,
       CASE WHEN p.day NOT BETWEEN h.period_from AND h.period_to
            THEN coalesce((SELECT i.period_from FROM invoice_period i
                           WHERE i.customer = h.customer AND p.day BETWEEN i.period_from AND i.period_to),
                          date_trunc('month', p.day)::date) END AS late,
       CASE WHEN p.cost IS NOT NULL THEN coalesce(p.currency, h.currency) END AS cost_currency,
       CASE WHEN p.cost IS NOT NULL AND p.currency <> h.currency THEN p.day END AS cost_date,
       min(p.day), max(p.day), sum(p.quantity), sum(p.cost), count(*), min(p.key),
       array_agg(p.seq) FILTER (WHERE %(rows)s)
FROM held h
JOIN purchase_place s ON s.batch = h.batch
JOIN purchase p USING (seq)
WHERE NOT p.seq <@ h.removed
GROUP BY h.place, p.product, p.subscription, p.unit, late, cost_currency, cost_date,
         width_bucket(p.day, %(boundaries)s::date[]);
