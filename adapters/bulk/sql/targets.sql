-- name: put_targets
-- What an operation is about.
INSERT INTO bulk_target (operation, place, target)
SELECT %(operation)s, place, target
FROM unnest(%(targets)s::uuid[]) WITH ORDINALITY AS t(target, place)
ON CONFLICT DO NOTHING;

-- name: remaining
-- Targets without a result yet.
SELECT t.target FROM bulk_target t
WHERE t.operation = %(operation)s
  AND NOT EXISTS (SELECT FROM operation_item i WHERE i.operation = t.operation AND i.name = t.target::text)
ORDER BY t.place LIMIT %(limit)s;

-- name: count_targets
-- How many there are in all.
SELECT count(*) FROM bulk_target WHERE operation = %(operation)s;
