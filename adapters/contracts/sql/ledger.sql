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
-- One is ready or not, or cancelled, unless it is taken.
UPDATE contract_transaction SET ready = coalesce(%(ready)s, ready), cancelled = cancelled OR %(cancelled)s
WHERE contract = %(contract)s AND line = %(line)s AND id = %(id)s AND NOT taken;

-- name: take
-- They are taken, or free again. One that is not ready any more, or cancelled, is not taken.
UPDATE contract_transaction t SET taken = NOT %(back)s
FROM unnest(%(contracts)s::uuid[], %(lines)s::text[], %(years)s::integer[], %(firsts)s::integer[],
            %(lasts)s::integer[]) AS w (contract, line, year, first, last)
WHERE t.contract = w.contract AND t.line = w.line AND t.year = w.year AND t.number BETWEEN w.first AND w.last
  AND t.taken = %(back)s AND (%(back)s OR (t.ready AND NOT t.cancelled));

-- name: sums
-- What may be taken, added up by customer and runs of numbers.
WITH free AS (
    SELECT w.contract, w.line, t.customer, t.year, t.number, t.quantity * t.price AS amount, t.cost,
           t.number - row_number() OVER (PARTITION BY w.contract, w.line, t.customer, t.year ORDER BY t.number) AS island
    FROM unnest(%(contracts)s::uuid[], %(lines)s::text[], %(classes)s::text[], %(uptos)s::date[])
         AS w (contract, line, classes, upto)
    JOIN contract_transaction t ON t.contract = w.contract AND t.line = w.line
    WHERE t.ready AND NOT t.taken AND NOT t.cancelled AND (w.upto IS NULL OR t.day <= w.upto)
      AND t.class = ANY (string_to_array(w.classes, ','))
)
SELECT contract, line, customer, year, min(number), max(number), count(*), sum(amount), sum(cost),
       count(*) FILTER (WHERE cost IS NULL)
FROM free GROUP BY contract, line, customer, year, island
ORDER BY contract, line, customer NULLS FIRST, year, min(number);

-- name: taken
-- Which of a line invoices have taken.
SELECT id FROM contract_transaction WHERE contract = %(contract)s AND line = %(line)s AND taken;

-- name: within
-- Those of ranges.
SELECT t.id, t.day, t.class, t.quantity, t.price, t.cost, t.customer
FROM unnest(%(lines)s::text[], %(years)s::integer[], %(firsts)s::integer[], %(lasts)s::integer[])
     AS w (line, year, first, last)
JOIN contract_transaction t ON t.contract = %(contract)s AND t.line = w.line AND t.year = w.year
     AND t.number BETWEEN w.first AND w.last
ORDER BY t.day, t.id;

-- name: free
-- Those of one line that may be taken.
SELECT id, day, class, quantity, price, cost, customer FROM contract_transaction
WHERE contract = %(contract)s AND line = %(line)s AND ready AND NOT taken AND NOT cancelled
  AND (%(upto)s::date IS NULL OR day <= %(upto)s) AND class = ANY (%(classes)s)
ORDER BY day, id LIMIT %(limit)s;
