-- name: load_streams
-- What is stored in some streams, each up to a version of its own: for deciding.
SELECT e.originator_id, e.originator_version, e.topic, e.schema_version, e.state, e.hash, e.notification_id
  FROM unnest(%s::text[], %s::bigint[]) AS wanted(stream, upto)
  JOIN stored_events e ON e.originator_id = wanted.stream AND e.originator_version <= wanted.upto
 ORDER BY e.originator_id, e.originator_version

-- name: streams_by_key
-- The streams of a kind under one record key: that of this id, and those that ride with it.
SELECT originator_id FROM stored_events
 WHERE record_key = %(key)s AND kind = %(kind)s
   AND originator_version = 1 AND right(originator_id, 36) <> record_key::text
 UNION
SELECT originator_id FROM stored_events
 WHERE originator_id = %(own)s AND originator_version = 1 AND record_key = %(key)s
 ORDER BY originator_id

-- name: streams_by_keys
-- The streams of a kind that ride with these record keys, each with its key.
SELECT originator_id, record_key FROM stored_events
 WHERE record_key = ANY (%(keys)s::uuid[]) AND kind = %(kind)s
   AND originator_version = 1 AND right(originator_id, 36) <> record_key::text
 ORDER BY originator_id

-- name: streams_by_key_having
-- The same, but only those that hold an event of some types: looked up stream by stream, in order, so many of them.
SELECT s.originator_id
  FROM (SELECT originator_id FROM stored_events
         WHERE record_key = %(key)s AND kind = %(kind)s
           AND originator_version = 1 AND right(originator_id, 36) <> record_key::text
         UNION
        SELECT originator_id FROM stored_events
         WHERE originator_id = %(own)s AND originator_version = 1 AND record_key = %(key)s) AS s
 CROSS JOIN LATERAL (SELECT FROM stored_events e
                      WHERE e.originator_id = s.originator_id AND e.topic = ANY (%(types)s::text[]) LIMIT 1) AS has
 WHERE s.originator_id > %(after)s
 ORDER BY s.originator_id
 LIMIT %(limit)s

-- name: stream_events
-- Stored events of a stream above a version, with their envelopes.
SELECT originator_id, originator_version, topic, state, notification_id, event_id, schema_version, record_key,
       occurred_at, recorded_at, business_date, zone, actor, agent, command_id, correlation_id, causation_id,
       traceparent, commit_id, commit_size, previous_hash, hash
  FROM stored_events
 WHERE originator_id = %(stream)s AND originator_version > %(after)s
 ORDER BY originator_version
 LIMIT %(limit)s

-- name: feed
-- Stored events above a position in order, with their envelopes; an empty list of types or kinds means all.
SELECT originator_id, originator_version, topic, state, notification_id, event_id, schema_version, record_key,
       occurred_at, recorded_at, business_date, zone, actor, agent, command_id, correlation_id, causation_id,
       traceparent, commit_id, commit_size, previous_hash, hash
  FROM stored_events
 WHERE notification_id > %(after)s AND notification_id <= %(upto)s
   AND (cardinality(%(types)s::text[]) = 0 OR topic = ANY (%(types)s::text[]))
   AND (cardinality(%(kinds)s::text[]) = 0 OR kind = ANY (%(kinds)s::text[]))
 ORDER BY notification_id
 LIMIT %(limit)s

-- name: head
-- The position of the last event; 0 for an empty store.
SELECT coalesce((SELECT position FROM append_log ORDER BY position DESC LIMIT 1), 0)

-- name: version_at
-- A stream's version as of an instant: all positions up to the last one recorded by then.
SELECT coalesce(max(originator_version), 0)
  FROM stored_events
 WHERE originator_id = %(stream)s
   AND notification_id <= (SELECT position FROM append_log WHERE recorded_at <= %(instant)s
                            ORDER BY recorded_at DESC, position DESC LIMIT 1)

-- name: answered
-- The answer under an idempotency key, unless it has expired.
SELECT digest, status, body, headers, position
  FROM answers
 WHERE scope = %s AND key = %s AND (expires_at IS NULL OR expires_at > clock_timestamp())

-- name: owner_of
-- Who holds a unique name.
SELECT owner FROM claims WHERE kind = %s AND key = %s

-- name: listen
-- Notifications are hints that something was appended.
LISTEN stored_events

-- name: all_events
-- The whole record in order of position, for verifying: envelopes and bytes.
SELECT originator_id, originator_version, topic, state, notification_id, event_id, schema_version, record_key,
       occurred_at, recorded_at, business_date, zone, actor, agent, command_id, correlation_id, causation_id,
       traceparent, commit_id, commit_size, previous_hash, hash
  FROM stored_events
 WHERE notification_id <= %(upto)s
 ORDER BY notification_id

-- name: all_links
-- The whole record in order of streams, for verifying: the links of the chains.
SELECT originator_id, originator_version, notification_id, previous_hash, hash
  FROM stored_events
 WHERE notification_id <= %(upto)s
 ORDER BY originator_id, originator_version

-- name: append_log
-- What each append said it stored.
SELECT position, events, recorded_at, anchor FROM append_log WHERE position <= %(upto)s ORDER BY position

-- name: count_events
-- How many events there are: what a check of all of them has before it.
SELECT count(*) FROM stored_events;
