-- name: spans
-- Where the billable lines of customers lie. The days are found from the lines where the activation did not note them.
SELECT t.customer, t.numbers[1], t.numbers[cardinality(t.numbers)], cardinality(t.numbers),
       coalesce(t.first_day, d.first_day), coalesce(t.last_day, d.last_day)
FROM line_tally t
LEFT JOIN LATERAL (
    SELECT min(l.charge_from) AS first_day, max(l.charge_from) AS last_day
    FROM provider_line l
    WHERE t.first_day IS NULL AND l.population = ANY (%(populations)s) AND l.number = ANY (t.numbers)
) AS d ON true
WHERE t.resolution = %(resolution)s AND t.customer = ANY (%(customers)s) AND t.excluded = ''
  AND cardinality(t.numbers) > 0;

-- name: days
-- Number and day of each billable line of a customer.
SELECT l.number, l.charge_from
FROM line_tally t
JOIN provider_line l ON l.population = ANY (%(populations)s) AND l.number = ANY (t.numbers)
WHERE t.resolution = %(resolution)s AND t.customer = %(customer)s AND t.excluded = ''
ORDER BY l.number;
