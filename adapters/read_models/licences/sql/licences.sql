-- name: billed_lines
-- Subscription lines in force on one of the days, with their contract and the largest quantity of these days.
SELECT l.contract, l.contract_id, l.line, l.name, k.customers, l.product, l.subscription, q.quantity, l.price,
       k.currency, greatest(l.starts, k.starts) AS starts, least(l.ends, k.ends) AS ends
FROM read_models.contract_lines l JOIN read_models.billing_contracts k ON k.id = l.contract_id
CROSS JOIN LATERAL (
    SELECT max(c.quantity) AS quantity FROM (
        SELECT (e.value ->> 'quantity')::numeric AS quantity, (e.value ->> 'day')::date AS day,
               lead((e.value ->> 'day')::date) OVER (ORDER BY (e.value ->> 'day')::date, e.ordinality) AS until
        FROM jsonb_array_elements(l.quantities) WITH ORDINALITY AS e
    ) AS c
    WHERE c.day <= %(last)s AND (c.until IS NULL OR (c.until > c.day AND c.until > %(first)s))
) AS q
WHERE l.kind = 'subscription' AND (l.product IS NOT NULL OR l.subscription IS NOT NULL)
  AND greatest(l.starts, k.starts) <= %(last)s AND coalesce(least(l.ends, k.ends) > %(first)s, true)
  AND q.quantity > 0

-- name: passed_on
-- Whether a line passes a licence on: the same subscription, else the product, in an overlapping period.
b.customers @> ARRAY[n.customer::text] AND b.starts <= n.last_day AND coalesce(b.ends > n.first_day, true)
AND CASE WHEN b.subscription IS NOT NULL AND n.subscription IS NOT NULL THEN b.subscription = n.subscription
         ELSE b.product = n.product END

-- name: bought_not_billed
-- A page of what was bought and not billed, with its exact count.
WITH billed AS MATERIALIZED ({billed_lines}), matching AS (
    SELECT n.customer, n.product, n.subscription, n.currency, count(*) AS lines, sum(n.quantity) AS quantity,
           sum(n.cost) AS cost, min(n.first_day) AS first_day, max(n.last_day) AS last_day,
           (array_agg(DISTINCT i.number))[1:20] AS invoices
    FROM licence n LEFT JOIN read_models.provider_invoices i ON i.id = n.provider_invoice
    WHERE n.first_day <= %(last)s AND n.last_day >= %(first)s
      AND (%(customer)s::text IS NULL OR n.customer = %(customer)s)
      AND NOT EXISTS (SELECT FROM billed b WHERE {passed_on})
    GROUP BY n.customer, n.product, n.subscription, n.currency
), rows AS (
    SELECT * FROM matching m
    WHERE %(after)s::text[] IS NULL
       OR ARRAY[m.customer, m.product, coalesce(m.subscription, ''), m.currency] > %(after)s::text[] COLLATE "C"
    ORDER BY m.customer, m.product, coalesce(m.subscription, ''), m.currency LIMIT %(limit)s
)
SELECT t.total AS matching_rows, m.*
FROM (SELECT CASE WHEN %(count)s THEN (SELECT count(*) FROM matching) END AS total) AS t
LEFT JOIN rows AS m ON true
ORDER BY m.customer, m.product, coalesce(m.subscription, ''), m.currency;

-- name: billed_not_bought
-- A page of what is billed and was not bought, with its exact count.
WITH billed AS MATERIALIZED ({billed_lines}), matching AS (
    SELECT * FROM billed b
    WHERE (%(customer)s::text IS NULL OR b.customers @> ARRAY[%(customer)s::text])
      AND NOT EXISTS (SELECT FROM licence n
                      WHERE n.first_day <= %(last)s AND n.last_day >= %(first)s
                        AND n.customer = ANY (b.customers) AND {passed_on})
), rows AS (
    SELECT * FROM matching m
    WHERE %(after)s::text[] IS NULL OR ARRAY[m.contract, m.line] > %(after)s::text[] COLLATE "C"
    ORDER BY m.contract COLLATE "C", m.line COLLATE "C" LIMIT %(limit)s
)
SELECT t.total AS matching_rows, m.*
FROM (SELECT CASE WHEN %(count)s THEN (SELECT count(*) FROM matching) END AS total) AS t
LEFT JOIN rows AS m ON true
ORDER BY m.contract COLLATE "C", m.line COLLATE "C";
