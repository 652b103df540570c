-- name: put_operation
-- A new operation; nothing when one with its natural key is open, or its id is known.
INSERT INTO operation (
    operation, kind, natural_key, input, unit, actor, agent, command_id, correlation_id, traceparent, created_at
) VALUES (
    %(operation)s, %(kind)s, %(key)s, %(input)s, %(unit)s, %(actor)s, %(agent)s, %(command_id)s, %(correlation_id)s,
    %(traceparent)s, %(created_at)s
) ON CONFLICT DO NOTHING;

-- name: get_operation
-- One operation.
SELECT * FROM operation WHERE operation = %(operation)s;

-- name: open_operation
-- The open one with a natural key.
SELECT * FROM operation
WHERE kind = %(kind)s AND natural_key = %(key)s AND status IN ('queued', 'running');

-- name: newest_operations
-- The newest first, of some kinds and statuses (empty: of all).
SELECT * FROM operation
WHERE (cardinality(%(kinds)s::text[]) = 0 OR kind = ANY (%(kinds)s::text[]))
  AND (cardinality(%(statuses)s::text[]) = 0 OR status = ANY (%(statuses)s::text[]))
ORDER BY created_at DESC, operation
LIMIT %(limit)s;

-- name: items
-- Results above a number.
SELECT name, outcome, detail, href, number, ended_at, data
FROM operation_item WHERE operation = %(operation)s AND number > %(after)s
ORDER BY number LIMIT %(limit)s;

-- name: item_counts
-- The results of an operation, by outcome.
SELECT outcome, count(*) FROM operation_item WHERE operation = %(operation)s GROUP BY outcome;

-- name: claim
-- Take the oldest that waits or whose worker is lost; of many workers each gets another one.
UPDATE operation AS o SET
    losses = o.losses + CASE WHEN o.status = 'running' AND o.worker IS NOT NULL THEN 1 ELSE 0 END,
    status = 'running',
    worker = %(worker)s,
    token = o.token + 1,
    tries = o.tries + 1,
    lease_until = clock_timestamp() + make_interval(secs => %(lease)s),
    started_at = coalesce(o.started_at, %(now)s)
WHERE o.operation = (
    SELECT operation FROM operation
    WHERE kind = ANY (%(kinds)s::text[])
      AND (status = 'queued' OR (status = 'running' AND lease_until < clock_timestamp()))
      AND (not_before IS NULL OR not_before <= clock_timestamp())
    ORDER BY created_at, operation
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING o.*;

-- name: renew
-- Keep the lease; whether a cancellation was asked for. No row: the operation is another worker's.
UPDATE operation SET lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
WHERE operation = %(operation)s AND token = %(token)s AND status = 'running'
RETURNING cancel_requested;

-- name: renew_imports
-- Keep the imports that the operation is at.
UPDATE import_run SET lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
WHERE holder = %(operation)s AND token = %(token)s;

-- name: hold
-- Whether the operation is still held; it stays so until the transaction ends.
SELECT FROM operation WHERE operation = %(operation)s AND token = %(token)s AND status = 'running' FOR UPDATE;

-- name: put_item
-- What became of an item; the first result of a name stands.
WITH put AS (
    INSERT INTO operation_item (operation, number, name, outcome, detail, href, ended_at, data)
    SELECT %(operation)s, coalesce(max(number), 0) + 1, %(name)s, %(outcome)s, %(detail)s, %(href)s, %(ended_at)s,
        %(data)s::jsonb
    FROM operation_item WHERE operation = %(operation)s
    ON CONFLICT (operation, name) DO NOTHING
    RETURNING 1
)
UPDATE operation SET losses = 0, done = done + CASE WHEN unit = 'items' THEN (SELECT count(*) FROM put) ELSE 0 END
WHERE operation = %(operation)s;

-- name: put_items
-- What became of many items; the first result of a name stands.
WITH wanted AS (
    SELECT DISTINCT ON (w.name) w.name, w.outcome, w.detail, w.href, w.data, w.place
    FROM unnest(%(names)s::text[], %(outcomes)s::text[], %(details)s::text[], %(hrefs)s::text[], %(data)s::text[])
         WITH ORDINALITY AS w (name, outcome, detail, href, data, place)
    WHERE NOT EXISTS (SELECT FROM operation_item i WHERE i.operation = %(operation)s AND i.name = w.name)
    ORDER BY w.name, w.place
), put AS (
    INSERT INTO operation_item (operation, number, name, outcome, detail, href, ended_at, data)
    SELECT %(operation)s,
        (SELECT coalesce(max(number), 0) FROM operation_item WHERE operation = %(operation)s)
            + row_number() OVER (ORDER BY place),
        name, outcome, detail, href, %(ended_at)s, data::jsonb
    FROM wanted
    RETURNING 1
)
UPDATE operation SET losses = 0, done = done + CASE WHEN unit = 'items' THEN (SELECT count(*) FROM put) ELSE 0 END
WHERE operation = %(operation)s;

-- name: put_progress
-- Lines done; counted where the operation is one import.
UPDATE operation SET done = done + CASE WHEN unit = 'lines' THEN %(lines)s ELSE 0 END
WHERE operation = %(operation)s AND token = %(token)s AND status = 'running';

-- name: expect
-- How much there is to do, as far as it is known.
UPDATE operation SET total = %(total)s
WHERE operation = %(operation)s AND token = %(token)s AND status = 'running';

-- name: end_operation
-- It is over, and its worker free.
UPDATE operation SET status = %(status)s, message = %(message)s, ended_at = %(now)s, worker = NULL, lease_until = NULL,
    total = CASE WHEN %(status)s = 'done' THEN greatest(total, done) ELSE total END
WHERE operation = %(operation)s AND token = %(token)s AND status = 'running';

-- name: give_back
-- Let another worker take it, after so many seconds.
UPDATE operation SET status = 'queued', worker = NULL, lease_until = NULL, token = token + 1,
    message = coalesce(%(message)s, message),
    not_before = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE operation = %(operation)s AND token = %(token)s AND status = 'running';

-- name: request_cancel
-- Ask for the end: one that waits ends at once.
UPDATE operation SET
    cancel_requested = true,
    ended_at = CASE WHEN status = 'queued' THEN %(now)s ELSE ended_at END,
    message = CASE WHEN status = 'queued' THEN 'It was cancelled before it began.' ELSE message END,
    status = CASE WHEN status = 'queued' THEN 'cancelled' ELSE status END
WHERE operation = %(operation)s AND status IN ('queued', 'running')
RETURNING *;
