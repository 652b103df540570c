-- name: without_nested_loops
-- The planner knows nothing yet about lines that have just come, and hash joins are right for all of them.
SET LOCAL enable_nestloop = off;

-- name: with_nested_loops
-- A page is a few rows by key.
SET LOCAL enable_nestloop = on;

-- name: without_jit
-- Compiling costs more than it saves in statements of a second.
SET LOCAL jit = off;

-- name: with_memory
-- Sums of a million lines by customer stay in memory.
SET LOCAL work_mem = '64MB';

-- name: begin_resolution
-- One run of the references check.
INSERT INTO line_resolution (provider_invoice, attempt, populations, pass_on, lines, created_at)
VALUES (%(provider_invoice)s, %(attempt)s, %(populations)s, %(pass_on)s, %(lines)s, %(at)s)
RETURNING resolution;

-- name: resolve_references
-- Fix what each reference in use means, and name those that do not hold for all their lines: candidates to be missing.
WITH used AS MATERIALIZED (
    SELECT kind, reference, first, last
    FROM unnest(%(kinds)s::text[], %(references)s::text[], %(firsts)s::date[], %(lasts)s::date[])
         AS u(kind, reference, first, last)
), found AS MATERIALIZED (
    SELECT u.kind, u.reference, date '-infinity' AS valid_from, date 'infinity' AS valid_to, NULL AS code
    FROM used u JOIN not_resold n ON n.provider = %(provider)s AND n.kind = u.kind AND n.identifier = u.reference
    UNION ALL
    SELECT u.kind, u.reference, coalesce(r.valid_from, '-infinity'), coalesce(r.valid_to, 'infinity'), r.code
    FROM used u JOIN reference_identifiers r
         ON r.provider = %(provider)s AND r.kind = u.kind AND r.identifier = u.reference
    WHERE u.last >= coalesce(r.valid_from, '-infinity') AND u.first < coalesce(r.valid_to, 'infinity')
      AND NOT EXISTS (SELECT FROM not_resold n
                      WHERE n.provider = %(provider)s AND n.kind = u.kind AND n.identifier = u.reference)
    UNION ALL
    SELECT u.kind, u.reference, '-infinity', 'infinity', %(unassigned)s
    FROM used u WHERE u.kind = 'customer' AND u.reference = '' AND %(unassigned)s::text IS NOT NULL
), stored AS (
    INSERT INTO line_reference (resolution, kind, reference, valid_from, valid_to, code)
    SELECT %(resolution)s, kind, reference, valid_from, valid_to, code FROM found
)
SELECT u.kind, u.reference
FROM used u
WHERE NOT EXISTS (
    SELECT FROM found f
    WHERE f.kind = u.kind AND f.reference = u.reference AND f.valid_from <= u.first AND f.valid_to > u.last
);

-- name: find_missing
-- Of the candidates, what is missing on the dates of their lines: once per reference, and all lines together.
WITH candidate AS MATERIALIZED (
    SELECT kind, reference FROM unnest(%(kinds)s::text[], %(references)s::text[]) AS c(kind, reference)
), suspect AS MATERIALIZED (
    SELECT l.population, l.number, l.amount, l.charge_from, c.reference AS customer, p.reference AS product
    FROM provider_line l
    LEFT JOIN candidate c ON c.kind = 'customer' AND c.reference = coalesce(l.customer_ref, '')
    LEFT JOIN candidate p ON p.kind = 'product' AND p.reference = coalesce(l.product_ref, '')
    WHERE l.population = ANY (%(populations)s) AND (c.reference IS NOT NULL OR p.reference IS NOT NULL)
), judged AS MATERIALIZED (
    SELECT s.population, s.number, s.amount, s.charge_from, s.customer, s.product,
           s.customer IS NOT NULL AND rc.resolution IS NULL AS no_customer,
           s.product IS NOT NULL AND rp.resolution IS NULL AS no_product
    FROM suspect s
    LEFT JOIN line_reference rc ON rc.resolution = %(resolution)s AND rc.kind = 'customer'
         AND rc.reference = s.customer AND s.charge_from >= rc.valid_from AND s.charge_from < rc.valid_to
    LEFT JOIN line_reference rp ON rp.resolution = %(resolution)s AND rp.kind = 'product'
         AND rp.reference = s.product AND s.charge_from >= rp.valid_from AND s.charge_from < rp.valid_to
), missing AS (
    SELECT 'customer' AS kind, customer AS reference, count(*) AS lines, sum(amount) AS amount,
           (array_agg(number ORDER BY number))[1:5] AS first_lines, min(charge_from) AS first, max(charge_from) AS last
    FROM judged WHERE no_customer GROUP BY customer
    UNION ALL
    SELECT 'product', product, count(*), sum(amount), (array_agg(number ORDER BY number))[1:5],
           min(charge_from), max(charge_from)
    FROM judged WHERE no_product GROUP BY product
    UNION ALL
    SELECT 'all', '', count(*), coalesce(sum(amount), 0), NULL, NULL, NULL FROM judged WHERE no_customer OR no_product
)
SELECT m.kind, m.reference, m.lines, trim_scale(m.amount), m.first_lines, m.first, m.last,
       CASE m.kind WHEN 'customer' THEN l.attributes::jsonb ->> o.customer_name
                   WHEN 'product' THEN l.attributes::jsonb ->> o.product_name END,
       EXISTS (SELECT FROM reference_identifiers r
               WHERE r.provider = %(provider)s AND r.kind = m.kind AND r.identifier = m.reference)
FROM missing m
LEFT JOIN provider_line l ON l.population = ANY (%(populations)s) AND l.number = m.first_lines[1]
LEFT JOIN line_population o ON o.population = l.population
ORDER BY m.kind = 'all' DESC, abs(m.amount) DESC, m.kind, m.reference;

-- name: customers_of
-- Customers that a resolution resolves to.
SELECT DISTINCT code FROM line_reference WHERE resolution = %(resolution)s AND kind = 'customer' AND code IS NOT NULL;

-- name: put_bill_from
-- From when on customers are billed.
INSERT INTO line_bill_from (resolution, customer, bill_from)
SELECT %(resolution)s, customer, bill_from
FROM unnest(%(customers)s::text[], %(dates)s::date[]) AS b(customer, bill_from);

-- name: resolved
-- What references mean, with days as numbers from 1970-01-01 on.
SELECT kind, reference, CASE WHEN isfinite(valid_from) THEN valid_from - date '1970-01-01' END,
       CASE WHEN isfinite(valid_to) THEN valid_to - date '1970-01-01' END, code
FROM line_reference WHERE resolution = %(resolution)s ORDER BY kind, reference, valid_from;

-- name: exclusions
-- Why a line is not billed on ('': it is), for each class of lines, by whether its customer and its product are resold
-- and whether it is from before its customer is billed.
SELECT kind || ',' || charge, customer, product, early,
       coalesce(exclusion(kind, charge, date '2000-01-01', CASE WHEN customer THEN '' END, CASE WHEN product THEN '' END,
                          CASE WHEN early THEN date '2000-01-02' END, %(pass_on)s::text[]), '')
FROM unnest(%(kinds)s::text[]) AS kind, unnest(%(charges)s::text[]) AS charge,
     unnest(ARRAY[false, true]) AS customer, unnest(ARRAY[false, true]) AS product, unnest(ARRAY[false, true]) AS early;

-- name: put_tallies
-- What was added up, by customer.
COPY line_tally (resolution, customer, excluded, lines, cost, digest, numbers, first_day, last_day)
FROM STDIN;

-- name: finish_resolution
-- The digest over all that the resolution says, in one order.
UPDATE line_resolution SET digest = (
    SELECT encode(sha256(convert_to(coalesce(string_agg(row, '' ORDER BY row COLLATE "C"), ''), 'UTF8')), 'hex')
    FROM (
        SELECT format(E'%%s,%%s,%%s,%%s,%%s\n', kind, to_json(reference), valid_from, valid_to, to_json(code)) AS row
        FROM line_reference WHERE resolution = %(resolution)s
        UNION ALL
        SELECT format(E'bill_from,%%s,%%s\n', to_json(customer), bill_from)
        FROM line_bill_from WHERE resolution = %(resolution)s
    ) AS rows
) WHERE resolution = %(resolution)s
RETURNING digest;

-- name: tallied
-- What was added up, by customer.
SELECT customer, excluded, lines, cost, digest
FROM line_tally WHERE resolution = %(resolution)s ORDER BY customer, excluded;

-- name: resolution_head
-- What a resolution covers.
SELECT populations, pass_on, lines FROM line_resolution WHERE resolution = %(resolution)s;

-- name: use_resolution
-- The resolution that an attempt is activated with. Who comes second loses by its version, not here.
INSERT INTO line_activation (provider_invoice, attempt, resolution)
VALUES (%(provider_invoice)s, %(attempt)s, %(resolution)s)
ON CONFLICT DO NOTHING;

-- name: resolution_of
-- The resolution that an attempt was activated with.
SELECT resolution FROM line_activation WHERE provider_invoice = %(provider_invoice)s AND attempt = %(attempt)s;

-- name: unused_resolutions
-- Resolutions that no attempt was activated with.
SELECT resolution FROM line_resolution r
WHERE created_at < %(before)s AND NOT EXISTS (SELECT FROM line_activation a WHERE a.resolution = r.resolution);

-- name: purge_references
-- Remove what unused resolutions say of references.
DELETE FROM line_reference WHERE resolution = ANY (%(resolutions)s);

-- name: purge_bill_from
-- Remove what unused resolutions say of customers.
DELETE FROM line_bill_from WHERE resolution = ANY (%(resolutions)s);

-- name: purge_tallies
-- Remove what unused resolutions added up.
DELETE FROM line_tally WHERE resolution = ANY (%(resolutions)s);

-- name: purge_resolutions
-- Forget unused resolutions.
DELETE FROM line_resolution WHERE resolution = ANY (%(resolutions)s);

-- name: offered_numbers
-- Numbers of the lines of an offer.
SELECT numbers FROM line_offered WHERE resolution = %(resolution)s AND key = %(key)s;

-- name: cost_by_customer
-- What the lines themselves add up to: one side of the leak check.
SELECT coalesce(customer, ''), coalesce(excluded, ''), count(*), trim_scale(sum(amount))
FROM lines_resolved(%(resolution)s, %(populations)s, %(pass_on)s)
GROUP BY 1, 2 ORDER BY 1, 2;
