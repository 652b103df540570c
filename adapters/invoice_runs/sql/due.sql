-- name: zones
-- Zones of contracts, found by stepping from one to the next on the index, and the deployment's own: how far each is,
-- and the earliest run date of what is due there.
WITH RECURSIVE named AS (
    (SELECT zone FROM contract_due ORDER BY zone LIMIT 1)
    UNION ALL
    SELECT (SELECT d.zone FROM contract_due d WHERE d.zone > n.zone ORDER BY d.zone LIMIT 1)
    FROM named n WHERE n.zone IS NOT NULL
), wanted AS (
    SELECT zone FROM named WHERE zone IS NOT NULL
    UNION SELECT %(own)s::text
)
SELECT w.zone, z.done,
    (SELECT d.next_run FROM contract_due d WHERE d.zone = w.zone AND d.next_run IS NOT NULL ORDER BY d.next_run LIMIT 1)
FROM wanted w LEFT JOIN invoice_run_zone z ON z.zone = w.zone
ORDER BY w.zone;

-- name: zone_done
-- The day is done in these zones, unless another one is next there.
INSERT INTO invoice_run_zone AS z (zone, done)
SELECT zone, %(day)s FROM unnest(%(zones)s::text[]) AS given(zone)
ON CONFLICT (zone) DO UPDATE SET done = excluded.done WHERE z.done = excluded.done - 1;

-- name: due
-- A page of what is due, without what has a result in this operation.
SELECT d.contract, d.number, d.zone, d.next_run
FROM contract_due d
WHERE d.next_run <= %(day)s AND d.zone = ANY (%(zones)s::text[])
  AND (d.next_run, d.contract) > (%(next_run)s::date, %(contract)s::uuid)
  AND NOT EXISTS (SELECT FROM operation_item i WHERE i.operation = %(operation)s AND i.name = d.contract::text)
ORDER BY d.next_run, d.contract
LIMIT %(limit)s;

-- name: count_due
-- How much of what is due has no result in this operation, and how much is due in zones whose day has not come.
SELECT count(*) FILTER (WHERE d.zone = ANY (%(zones)s::text[])
        AND NOT EXISTS (SELECT FROM operation_item i WHERE i.operation = %(operation)s AND i.name = d.contract::text)),
    count(*) FILTER (WHERE d.zone = ANY (%(later)s::text[]))
FROM contract_due d WHERE d.next_run <= %(day)s;
