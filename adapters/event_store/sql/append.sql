-- name: append_events
-- Appends a group of saves in one round trip and says what became of each: see the function in migration 0001.
SELECT base, lost FROM append_events(%s, %s, %s, %s, %s, %s)

-- name: record_types
-- The numbers by which this database knows the types of what is appended.
SELECT typname, oid, typarray FROM pg_type
 WHERE typname IN ('new_write', 'new_event', 'new_claim', 'new_answer') AND pg_type_is_visible(oid)

-- name: wait_for_appends
-- Waits until every append that had begun has ended; the statement after this one sees what they stored.
SELECT pg_advisory_xact_lock(4701337001)

-- name: own_position
-- The position of an event by its place and hash: whether a save whose connection died had been committed.
SELECT notification_id FROM stored_events WHERE originator_id = %s AND originator_version = %s AND hash = %s

-- name: purge_answers
-- Removes answers that have expired, at most so many at a time, so that no transaction gets long.
WITH old AS (
    SELECT scope, key FROM answers WHERE expires_at <= clock_timestamp() ORDER BY expires_at LIMIT %s FOR UPDATE SKIP LOCKED
)
DELETE FROM answers a USING old WHERE a.scope = old.scope AND a.key = old.key
