-- name: open_population
-- Begin a population; it counts once an event names it.
INSERT INTO line_population (provider_invoice, attempt, part, customer_name, product_name, created_at)
VALUES (%(provider_invoice)s, %(attempt)s, %(part)s, %(customer_name)s, %(product_name)s, %(at)s)
RETURNING population;

-- name: copy_in
-- Canonical rows, each led by its population.
COPY provider_line (population, number, kind, charge, customer_ref, product_ref, subscription_ref, charge_from,
                    charge_to, quantity, unit, unit_price, amount, tax, currency, attributes)
FROM STDIN (FORMAT csv);

-- name: copy_out
-- The canonical rows of a chunk, byte for byte as they were read.
COPY (
    SELECT number, kind, charge, customer_ref, product_ref, subscription_ref, charge_from, charge_to,
           trim_scale(quantity), unit, trim_scale(unit_price), trim_scale(amount), trim_scale(tax), currency, attributes
    FROM provider_line
    WHERE population = %(population)s AND number BETWEEN %(first)s AND %(last)s
    ORDER BY number
) TO STDOUT (FORMAT csv, FORCE_QUOTE (customer_ref, product_ref, subscription_ref, unit, attributes));

-- name: find_lines
-- A page of lines by number, with what the activation fixed about them, if there was one.
SELECT l.population, l.number, l.kind, l.charge, l.customer_ref, l.product_ref, l.subscription_ref, l.charge_from,
       l.charge_to, l.quantity, l.unit, l.unit_price, l.amount, l.tax, l.currency, l.attributes,
       c.code, p.code, r.excluded, CASE WHEN l.number = ANY (i.numbers) THEN i.offer END
FROM provider_line l
LEFT JOIN line_resolution v ON v.resolution = %(resolution)s
LEFT JOIN line_reference c ON c.resolution = v.resolution AND c.kind = 'customer'
     AND c.reference = coalesce(l.customer_ref, '')
     AND l.charge_from >= c.valid_from AND l.charge_from < c.valid_to
LEFT JOIN line_reference p ON p.resolution = v.resolution AND p.kind = 'product'
     AND p.reference = coalesce(l.product_ref, '')
     AND l.charge_from >= p.valid_from AND l.charge_from < p.valid_to
LEFT JOIN line_bill_from b ON b.resolution = v.resolution AND b.customer = c.code
LEFT JOIN line_included i ON i.resolution = v.resolution AND i.customer = c.code
     AND l.charge_from >= i.since AND l.charge_from < i.until
CROSS JOIN LATERAL (
    SELECT CASE WHEN v.resolution IS NOT NULL
                THEN exclusion(l.kind, l.charge, l.charge_from, c.code, p.code, coalesce(i.since, b.bill_from),
                               v.pass_on) END AS excluded
) AS r
WHERE l.population = ANY (%(populations)s)
  AND l.number > %(after)s AND l.number BETWEEN %(first)s AND %(last)s
  AND (%(numbers)s::integer[] IS NULL OR l.number = ANY (%(numbers)s))
  AND (%(excluded)s::boolean IS NOT TRUE OR r.excluded IS NOT NULL)
ORDER BY l.number
LIMIT %(limit)s;

-- name: count_lines
-- How many lines there are.
SELECT count(*) FROM provider_line
WHERE population = ANY (%(populations)s) AND number BETWEEN %(first)s AND %(last)s;

-- name: held_numbers
-- Numbers of lines that can be billed on and lie in ranges of their offers; and how many there are in all.
WITH found AS (
    SELECT n
    FROM unnest(%(keys)s::text[], %(firsts)s::integer[], %(lasts)s::integer[]) AS h(key, first, last)
    JOIN line_offered t ON t.resolution = %(resolution)s AND t.key = h.key
    CROSS JOIN LATERAL unnest(t.numbers) AS n
    WHERE n BETWEEN h.first AND h.last AND n BETWEEN %(first)s AND %(last)s
)
SELECT (SELECT count(*) FROM found),
       ARRAY(SELECT n FROM found WHERE n > %(after)s ORDER BY n LIMIT %(limit)s);

-- name: free_numbers
-- Numbers of lines that can be billed on and lie in no range of their offers; and how many there are in all.
WITH held AS MATERIALIZED (
    SELECT key, held_first, held_last
    FROM unnest(%(keys)s::text[], %(firsts)s::integer[], %(lasts)s::integer[]) AS h(key, held_first, held_last)
), found AS (
    SELECT n
    FROM line_offered t
    CROSS JOIN LATERAL unnest(t.numbers) AS n
    WHERE t.resolution = %(resolution)s AND n BETWEEN %(first)s AND %(last)s
      AND NOT EXISTS (
          SELECT FROM held h WHERE h.key = t.key AND n BETWEEN h.held_first AND h.held_last)
)
SELECT (SELECT count(*) FROM found),
       ARRAY(SELECT n FROM found WHERE n > %(after)s ORDER BY n LIMIT %(limit)s);

-- name: batch
-- Cost and digest of lines by their numbers, which are unique in an attempt.
SELECT count(*), coalesce(trim_scale(sum(amount)), 0),
       encode(sha256(convert_to(coalesce(string_agg(number || ',' || trim_scale(amount) || E'\n', '' ORDER BY number),
                                         ''), 'UTF8')), 'hex')
FROM provider_line
WHERE population = ANY (%(populations)s) AND number = ANY (%(numbers)s);

-- name: populations_before
-- Populations begun before an instant, oldest first.
SELECT population, provider_invoice FROM line_population WHERE created_at < %(before)s ORDER BY population;

-- name: purge_lines
-- Remove lines of populations that count nowhere.
DELETE FROM provider_line WHERE population = ANY (%(populations)s);

-- name: purge_warnings
-- Remove what was odd about them.
DELETE FROM line_warning WHERE population = ANY (%(populations)s);

-- name: purge_populations
-- Forget populations whose lines are gone.
DELETE FROM line_population WHERE population = ANY (%(populations)s);
