-- name: spans
-- Where the lines of offers lie. The days are found from the lines where the activation did not note them.
SELECT t.key, t.numbers[1], t.numbers[cardinality(t.numbers)], cardinality(t.numbers),
       coalesce(t.first_day, d.first_day), coalesce(t.last_day, d.last_day)
FROM line_offered t
LEFT JOIN LATERAL (
    SELECT min(l.charge_from) AS first_day, max(l.charge_from) AS last_day
    FROM provider_line l
    WHERE t.first_day IS NULL AND l.population = ANY (%(populations)s) AND l.number = ANY (t.numbers)
) AS d ON true
WHERE t.resolution = %(resolution)s AND t.key = ANY (%(keys)s) AND cardinality(t.numbers) > 0;

-- name: days
-- Number and day of each line of an offer.
SELECT l.number, l.charge_from
FROM line_offered t
JOIN provider_line l ON l.population = ANY (%(populations)s) AND l.number = ANY (t.numbers)
WHERE t.resolution = %(resolution)s AND t.key = %(key)s
ORDER BY l.number;

-- name: bought
-- Number, day, product and subscription of each line of an offer.
SELECT l.number, l.charge_from, p.code, l.subscription_ref
FROM line_offered t
JOIN provider_line l ON l.population = ANY (%(populations)s) AND l.number = ANY (t.numbers)
JOIN line_reference p ON p.resolution = t.resolution AND p.kind = 'product'
     AND p.reference = coalesce(l.product_ref, '')
     AND l.charge_from >= p.valid_from AND l.charge_from < p.valid_to
WHERE t.resolution = %(resolution)s AND t.key = %(key)s
ORDER BY l.number;

-- name: early
-- Where customers have lines that were before the day from which on they are billed, and may not be before this one. The
-- day that counted so far is the earliest one.
SELECT a.provider_invoice, a.attempt, t.customer, n.bill_from, coalesce(min(i.since), b.bill_from)
FROM unnest(%(customers)s::text[], %(days)s::date[]) AS n(customer, bill_from)
JOIN line_tally t ON t.customer = n.customer AND t.excluded = 'before_bill_from'
JOIN line_bill_from b ON b.resolution = t.resolution AND b.customer = t.customer AND n.bill_from < b.bill_from
JOIN line_activation a ON a.resolution = t.resolution
LEFT JOIN line_included i ON i.resolution = t.resolution AND i.customer = t.customer
GROUP BY a.provider_invoice, a.attempt, t.customer, n.bill_from, b.bill_from
HAVING n.bill_from < coalesce(min(i.since), b.bill_from)
ORDER BY a.provider_invoice, a.attempt, t.customer;

-- name: early_lines
-- Lines of customers that are from days which count now and did not before, and nothing else keeps from being billed on.
SELECT d.customer, d.since, d.until, array_agg(l.number ORDER BY l.number), trim_scale(sum(l.amount)),
       encode(sha256(convert_to(string_agg(l.number || ',' || trim_scale(l.amount) || E'\n', '' ORDER BY l.number),
                                'UTF8')), 'hex'),
       min(l.charge_from), max(l.charge_from)
FROM unnest(%(customers)s::text[], %(since)s::date[], %(until)s::date[]) AS d(customer, since, until)
JOIN line_resolution v ON v.resolution = %(resolution)s
JOIN line_reference c ON c.resolution = v.resolution AND c.kind = 'customer' AND c.code = d.customer
JOIN provider_line l ON l.population = ANY (%(populations)s) AND c.reference = coalesce(l.customer_ref, '')
     AND l.charge_from >= c.valid_from AND l.charge_from < c.valid_to
     AND l.charge_from >= d.since AND l.charge_from < d.until
LEFT JOIN line_reference p ON p.resolution = v.resolution AND p.kind = 'product'
     AND p.reference = coalesce(l.product_ref, '')
     AND l.charge_from >= p.valid_from AND l.charge_from < p.valid_to
WHERE exclusion(l.kind, l.charge, l.charge_from, c.code, p.code, d.until, v.pass_on) = 'before_bill_from'
GROUP BY d.customer, d.since, d.until
ORDER BY d.customer;

-- name: include_lines
-- Lines that an offer of their own has now.
INSERT INTO line_included (offer, resolution, customer, since, until, numbers, first_day, last_day)
VALUES (%(offer)s, %(resolution)s, %(customer)s, %(since)s, %(until)s, %(numbers)s, %(first_day)s, %(last_day)s)
ON CONFLICT DO NOTHING;
