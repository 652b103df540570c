-- name: read_feed
-- Events above a position, in order; positions become visible in their order, so nothing below the last one follows.
SELECT kind, notification_id, originator_id, originator_version, record_key, topic, schema_version, state,
       occurred_at, recorded_at, business_date, zone, actor, agent, commit_id, commit_size,
       command_id, correlation_id, causation_id, encode(hash, 'hex'), encode(previous_hash, 'hex'),
       event_id, traceparent
  FROM stored_events
 WHERE notification_id > %(after)s
 ORDER BY notification_id
 LIMIT %(limit)s;

-- name: read_feed_of_kinds
-- The same for some kinds of streams only, up to a position known to be stored.
SELECT kind, notification_id, originator_id, originator_version, record_key, topic, schema_version, state,
       occurred_at, recorded_at, business_date, zone, actor, agent, commit_id, commit_size,
       command_id, correlation_id, causation_id, encode(hash, 'hex'), encode(previous_hash, 'hex'),
       event_id, traceparent
  FROM stored_events
 WHERE notification_id > %(after)s AND notification_id <= %(upto)s AND kind = ANY(%(kinds)s)
 ORDER BY notification_id
 LIMIT %(limit)s;

-- name: head
-- The position of the last event.
SELECT coalesce(max(notification_id), 0) FROM stored_events;

-- name: take_group_lock
-- Become the one reader of a group; held until the connection ends.
SELECT pg_try_advisory_lock(hashtextextended('ledgerline feed ' || %(group)s, 0));
