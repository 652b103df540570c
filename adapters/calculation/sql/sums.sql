-- name: resolutions_of
-- What the attempts of provider invoices were activated with: which lines, and how many.
SELECT a.provider_invoice, a.attempt, v.resolution, v.populations, v.lines
FROM unnest(%(provider_invoices)s::uuid[], %(attempts)s::integer[]) AS w(provider_invoice, attempt)
JOIN line_activation a USING (provider_invoice, attempt)
JOIN line_resolution v USING (resolution);

-- name: tuned
-- The planner knows nothing yet about lines that have just come: joins are made in the order written, lines are joined
-- and added up by hashes, in memory (of which it believes a group to need twenty times as much as it does), and compiling
-- costs more than it saves.
SELECT set_config('join_collapse_limit', '1', true), set_config('enable_nestloop', 'off', true),
       set_config('enable_mergejoin', 'off', true), set_config('enable_sort', 'off', true),
       set_config('work_mem', '256MB', true), set_config('jit', 'off', true);

-- name: reading
-- For many lines: their numbers are met in the order of the index, which is that of the table.
SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true);

-- name: probing
-- For a few lines of many, each found by its number: no table is read as a whole.
SELECT set_config('enable_nestloop', 'on', true), set_config('enable_hashjoin', 'off', true),
       set_config('enable_seqscan', 'off', true);

-- name: offered_sums
-- Lines of offers, added up for each part that invoices hold. An offer's own lines are those that activation
-- counted, or that were included later.
-- With `scan` the lines are read in one pass over the populations' index, so that the rest is not even looked at, else each
-- by its number. (CASE: the planner would take a range to hold next to nothing.)
WITH held AS MATERIALIZED (
    SELECT part, resolution, customer, offer, ranges::int4multirange AS ranges
    FROM unnest(%(parts)s::integer[], %(resolutions)s::bigint[], %(customers)s::text[], %(offers)s::uuid[],
                %(ranges)s::text[])
         AS h(part, resolution, customer, offer, ranges)
), numbered AS MATERIALIZED (
    SELECT h.part, h.resolution, n.number
    FROM held h
    CROSS JOIN LATERAL (SELECT coalesce((SELECT i.numbers FROM line_included i WHERE i.offer = h.offer),
                                        (SELECT t.numbers FROM line_tally t WHERE t.resolution = h.resolution
                                         AND t.customer = h.customer AND t.excluded = '')) AS numbers OFFSET 0) AS t
    CROSS JOIN LATERAL unnest(t.numbers) AS n(number)
    WHERE CASE WHEN n.number <@ h.ranges THEN true END
), line AS (
    SELECT n.part, l.number, p.code AS product, l.subscription_ref AS subscription, l.unit, l.charge_from AS day,
           coalesce(l.quantity, 1) AS quantity, l.amount
    FROM provider_line l
    JOIN unnest(%(of)s::bigint[], %(populations)s::bigint[]) AS q(resolution, population)
         ON q.population = l.population
    JOIN numbered n ON n.resolution = q.resolution AND n.number = l.number
    JOIN line_reference p ON p.resolution = n.resolution AND p.kind = 'product'
         AND p.reference = coalesce(l.product_ref, '') AND l.charge_from >= p.valid_from AND l.charge_from < p.valid_to
    WHERE l.population = ANY (%(populations)s::bigint[]) AND l.number = ANY (ARRAY(SELECT number FROM numbered))
      AND %(scan)s
    UNION ALL
    SELECT n.part, l.number, p.code, l.subscription_ref, l.unit, l.charge_from, coalesce(l.quantity, 1), l.amount
    FROM numbered n
    JOIN unnest(%(of)s::bigint[], %(populations)s::bigint[]) AS q(resolution, population)
         ON q.resolution = n.resolution
    CROSS JOIN LATERAL (SELECT * FROM provider_line l
                        WHERE l.population = q.population AND l.number = n.number OFFSET 0) AS l
    CROSS JOIN LATERAL (SELECT p.code FROM line_reference p
                        WHERE p.resolution = n.resolution AND p.kind = 'product'
                          AND p.reference = coalesce(l.product_ref, '')
                          AND l.charge_from >= p.valid_from AND l.charge_from < p.valid_to OFFSET 0) AS p
    WHERE NOT %(scan)s
)
SELECT part, product, subscription, unit,
       CASE WHEN day NOT BETWEEN (%(firsts)s::date[])[part + 1] AND (%(lasts)s::date[])[part + 1]
            THEN coalesce((SELECT i.period_from FROM invoice_period i
                           WHERE i.customer = (%(customers)s::text[])[part + 1]
                             AND line.day BETWEEN i.period_from AND i.period_to),
                          date_trunc('month', day)::date) END AS late,
       min(day), max(day), sum(quantity), sum(amount), count(*), min(number),
       array_agg(number) FILTER (WHERE %(rows)s)
FROM line
GROUP BY part, product, subscription, unit, late, width_bucket(day, %(boundaries)s::date[]);

-- name: posted_sums
-- Posted purchases, added up for each invoice, also those of a batch that is being stored. Costs in another currency are converted by their own days.
WITH held AS MATERIALIZED (
    SELECT h.place, h.batch, h.removed::int8multirange AS removed, h.entering::bigint[] AS entering, h.customer,
           h.currency, h.period_from, h.period_to
    FROM unnest(%(places)s::integer[], %(batches)s::uuid[], %(removed)s::text[], %(entering)s::text[],
                %(customers)s::text[], %(currencies)s::text[], %(firsts)s::date[], %(lasts)s::date[])
         AS h(place, batch, removed, entering, customer, currency, period_from, period_to)
), placed AS (
    SELECT h.*, s.seq FROM held h JOIN purchase_place s ON s.batch = h.batch
    UNION ALL
    SELECT h.*, e.seq FROM held h CROSS JOIN LATERAL unnest(h.entering) AS e(seq)
)
SELECT h.place, p.product, p.subscription, p.unit,
       CASE WHEN p.day NOT BETWEEN h.period_from AND h.period_to
            THEN coalesce((SELECT i.period_from FROM invoice_period i
                           WHERE i.customer = h.customer AND p.day BETWEEN i.period_from AND i.period_to),
                          date_trunc('month', p.day)::date) END AS late,
       CASE WHEN p.cost IS NOT NULL THEN coalesce(p.currency, h.currency) END AS cost_currency,
       CASE WHEN p.cost IS NOT NULL AND p.currency <> h.currency THEN p.day END AS cost_date,
       min(p.day), max(p.day), sum(p.quantity), sum(p.cost), count(*), min(p.key),
       (array_agg(p.id) FILTER (WHERE %(rows)s))[1:%(named)s]
FROM placed h
JOIN purchase p USING (seq)
WHERE NOT p.seq <@ h.removed
GROUP BY h.place, p.product, p.subscription, p.unit, late, cost_currency, cost_date,
         width_bucket(p.day, %(boundaries)s::date[]);
