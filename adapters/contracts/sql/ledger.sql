-- name: due
-- When contracts are due.
SELECT contract, number, zone, next_run, version FROM contract_due WHERE contract = ANY (%(contracts)s);

-- name: keep_due
-- Contracts are due then, unless something has moved one since it was seen.
WITH new AS (
    SELECT * FROM unnest(%(contracts)s::uuid[], %(numbers)s::text[], %(zones)s::text[], %(next_runs)s::date[],
                         %(versions)s::bigint[]) AS n (contract, number, zone, next_run, version)
), moved AS (
    UPDATE contract_due d SET number = n.number, zone = n.zone, next_run = n.next_run, version = n.version + 1
    FROM new n WHERE d.contract = n.contract AND d.version = n.version AND n.version > 0
    RETURNING d.contract
), begun AS (
    INSERT INTO contract_due (contract, number, zone, next_run, version)
    SELECT contract, number, zone, next_run, 1 FROM new WHERE version = 0
    ON CONFLICT DO NOTHING RETURNING contract
)
SELECT contract FROM moved UNION ALL SELECT contract FROM begun;

-- name: put_transactions
-- New transactions of a contract.
INSERT INTO contract_transaction (contract, line, year, number, id, day, class, quantity, price, cost, customer, ready)
SELECT %(contract)s, *
FROM unnest(%(lines)s::text[], %(years)s::integer[], %(numbers)s::integer[], %(ids)s::text[], %(days)s::date[],
            %(classes)s::text[], %(quantities)s::numeric[], %(prices)s::numeric[], %(costs)s::numeric[],
            %(customers)s::text[], %(ready)s::boolean[]);

-- name: set_transaction
-- One is ready or not, or cancelled, unless it is taken. The contract has moved by that: a billing that saw it as it was
-- decides again.
WITH moved AS (
    UPDATE contract_due SET version = version + 1 WHERE contract = %(contract)s RETURNING contract
)
UPDATE contract_transaction t SET ready = coalesce(%(ready)s, ready), cancelled = cancelled OR %(cancelled)s
FROM moved m
WHERE t.contract = m.contract AND t.line = %(line)s AND t.id = %(id)s
  AND NOT EXISTS (SELECT FROM contract_taken k WHERE k.contract = t.contract AND k.line = t.line AND k.year = t.year
                  AND t.number BETWEEN k.first AND k.last);

-- name: take
-- They are taken. Whoever takes them has moved the contract, so that no other billing saw them free.
INSERT INTO contract_taken (contract, line, year, first, last)
SELECT * FROM unnest(%(contracts)s::uuid[], %(lines)s::text[], %(years)s::integer[], %(firsts)s::integer[],
                     %(lasts)s::integer[])
ON CONFLICT DO NOTHING;

-- name: give_back
-- They are free again.
DELETE FROM contract_taken t
USING unnest(%(contracts)s::uuid[], %(lines)s::text[], %(years)s::integer[], %(firsts)s::integer[],
             %(lasts)s::integer[]) AS w (contract, line, year, first, last)
WHERE t.contract = w.contract AND t.line = w.line AND t.year = w.year AND t.first = w.first AND t.last = w.last;

-- name: sums
-- What may be taken, added up by customer and runs of numbers. Each line's transactions are found by its own index range
-- (the planner would rather read those of all contracts), and what is taken of them is looked up once, as ranges of year
-- and number: of all lines together, since line by line a table that has just grown was read whole each time.
WITH taken AS MATERIALIZED (
    SELECT k.contract, k.line,
           range_agg(int8range(k.year * 4294967296 + k.first, k.year * 4294967296 + k.last, '[]')) AS numbers
    FROM contract_taken k WHERE k.contract = ANY (%(contracts)s::uuid[])
    GROUP BY k.contract, k.line
), wanted AS MATERIALIZED (
    SELECT w.contract, w.line, string_to_array(w.classes, ',') AS classes, w.upto, coalesce(t.numbers, '{}') AS taken
    FROM unnest(%(contracts)s::uuid[], %(lines)s::text[], %(classes)s::text[], %(uptos)s::date[])
         AS w (contract, line, classes, upto)
    LEFT JOIN taken t ON t.contract = w.contract AND t.line = w.line
)
SELECT w.contract, w.line, s.*
FROM wanted w
CROSS JOIN LATERAL (
    SELECT customer, year, min(number) AS first, max(number), count(*), sum(amount), sum(cost),
           count(*) FILTER (WHERE cost IS NULL)
    FROM (
        SELECT t.customer, t.year, t.number, t.quantity * t.price AS amount, t.cost,
               t.number - row_number() OVER (PARTITION BY t.customer, t.year ORDER BY t.number) AS island
        FROM contract_transaction t
        WHERE t.contract = w.contract AND t.line = w.line
          AND t.ready AND NOT t.cancelled AND (w.upto IS NULL OR t.day <= w.upto) AND t.class = ANY (w.classes)
          AND NOT t.year * 4294967296 + t.number <@ w.taken
    ) AS free
    GROUP BY customer, year, island
) AS s
ORDER BY w.contract, w.line, s.customer NULLS FIRST, s.year, s.first;

-- name: sums_of
-- What taken ones come to, by the taking; all of one are of one customer, or of none.
SELECT w.taking, min(t.customer), sum(t.quantity * t.price), sum(t.cost), count(*) FILTER (WHERE t.cost IS NULL)
FROM unnest(%(numbers)s::integer[], %(lines)s::text[], %(years)s::integer[], %(firsts)s::integer[], %(lasts)s::integer[])
     AS w (taking, line, year, first, last)
JOIN contract_transaction t ON t.contract = %(contract)s AND t.line = w.line AND t.year = w.year
     AND t.number BETWEEN w.first AND w.last
GROUP BY w.taking ORDER BY w.taking;

-- name: taken
-- Which of a line invoices have taken.
SELECT t.id FROM contract_taken k
JOIN contract_transaction t ON t.contract = k.contract AND t.line = k.line AND t.year = k.year
     AND t.number BETWEEN k.first AND k.last
WHERE k.contract = %(contract)s AND k.line = %(line)s;

-- name: within
-- Those of ranges.
SELECT t.id, t.day, t.class, t.quantity, t.price, t.cost, t.customer, t.line
FROM unnest(%(lines)s::text[], %(years)s::integer[], %(firsts)s::integer[], %(lasts)s::integer[])
     AS w (line, year, first, last)
JOIN contract_transaction t ON t.contract = %(contract)s AND t.line = w.line AND t.year = w.year
     AND t.number BETWEEN w.first AND w.last
ORDER BY t.day, t.id;

-- name: free
-- Those of one line that may be taken.
SELECT t.id, t.day, t.class, t.quantity, t.price, t.cost, t.customer, t.line FROM contract_transaction t
WHERE t.contract = %(contract)s AND t.line = %(line)s AND t.ready AND NOT t.cancelled
  AND NOT EXISTS (SELECT FROM contract_taken k WHERE k.contract = t.contract AND k.line = t.line AND k.year = t.year
                  AND t.number BETWEEN k.first AND k.last)
  AND (%(upto)s::date IS NULL OR t.day <= %(upto)s) AND t.class = ANY (%(classes)s)
ORDER BY t.day, t.id LIMIT %(limit)s;
