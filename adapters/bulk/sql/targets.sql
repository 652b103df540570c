-- name: put_targets
-- What an operation is about.
INSERT INTO bulk_target (operation, place, target, asked)
SELECT %(operation)s, place, target, nullif(asked, 'null')
FROM ROWS FROM (unnest(%(targets)s::uuid[]), jsonb_array_elements(%(asked)s::jsonb)) WITH ORDINALITY
     AS t (target, asked, place)
ON CONFLICT DO NOTHING;

-- name: remaining
-- Targets without a result yet.
SELECT t.target FROM bulk_target t
WHERE t.operation = %(operation)s
  AND NOT EXISTS (SELECT FROM operation_item i WHERE i.operation = t.operation AND i.name = t.target::text)
ORDER BY t.place LIMIT %(limit)s;

-- name: page_of_targets
-- Targets without a result yet after a place, with what is asked of each.
SELECT t.place, t.target, t.asked FROM bulk_target t
WHERE t.operation = %(operation)s AND t.place > %(after)s
  AND NOT EXISTS (SELECT FROM operation_item i WHERE i.operation = t.operation AND i.name = t.target::text)
ORDER BY t.place LIMIT %(limit)s;

-- name: without_result
-- Those of some targets that have no result.
SELECT t.target FROM unnest(%(targets)s::uuid[]) AS t(target)
WHERE NOT EXISTS (SELECT FROM operation_item i WHERE i.operation = %(operation)s AND i.name = t.target::text);

-- name: count_targets
-- How many there are in all.
SELECT count(*) FROM bulk_target WHERE operation = %(operation)s;
