-- name: make_difference
-- New minus old per customer, product, subscription, charge date, kind, charge, unit and currency; what is equal is left out.
INSERT INTO provider_line (population, number, kind, charge, customer_ref, product_ref, subscription_ref, charge_from,
                           charge_to, quantity, unit, unit_price, amount, tax, currency, attributes)
SELECT %(population)s,
       %(base)s + row_number() OVER (ORDER BY customer_ref, product_ref, subscription_ref, charge_from, kind, charge,
                                              unit, currency),
       kind, charge, customer_ref, product_ref, subscription_ref, charge_from, max(charge_to),
       sum(sign * quantity), unit, NULL, sum(sign * amount), sum(sign * tax), currency, %(attributes)s
FROM (
    SELECT 1 AS sign, kind, charge, customer_ref, product_ref, subscription_ref, charge_from, charge_to, quantity, unit,
           amount, tax, currency
    FROM provider_line WHERE population = ANY (%(new)s)
    UNION ALL
    SELECT -1, kind, charge, customer_ref, product_ref, subscription_ref, charge_from, charge_to, quantity, unit,
           amount, tax, currency
    FROM provider_line WHERE population = ANY (%(old)s)
) AS both_sides
GROUP BY customer_ref, product_ref, subscription_ref, charge_from, kind, charge, unit, currency
HAVING sum(sign * amount) <> 0 OR coalesce(sum(sign * tax), 0) <> 0 OR coalesce(sum(sign * quantity), 0) <> 0;

-- name: chunk_sums
-- Exact sums of a population's lines, in chunks of 10,000 numbers; a line with charge tax counts under tax.
SELECT (number - %(base)s - 1) / 10000 AS chunk, min(number), max(number),
       CASE WHEN charge = 'tax' THEN 'tax' ELSE kind END AS counted_as,
       count(*), trim_scale(sum(amount)), trim_scale(coalesce(sum(tax), 0)), array_agg(DISTINCT currency)
FROM provider_line WHERE population = %(population)s
GROUP BY 1, 4 ORDER BY 1, 4;
