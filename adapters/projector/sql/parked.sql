-- name: parked_subjects
-- Streams of which an event waits: later ones have to wait behind it.
SELECT read_model, subject FROM read_models.parked WHERE lane = %s GROUP BY read_model, subject;

-- name: park
-- Keep events that can't be applied, or that wait behind one. Parking one twice keeps the first.
INSERT INTO read_models.parked (lane, read_model, subject, stream_version, position, record_key, type, record, data,
    reason, tries)
SELECT %(lane)s, t.read_model, t.subject, t.stream_version, t.position, t.record_key, t.type, t.record, t.data,
    t.reason, CASE WHEN t.reason IS NULL THEN 0 ELSE 1 END
FROM unnest(%(read_models)s::text[], %(subjects)s::text[], %(versions)s::bigint[], %(positions)s::bigint[],
            %(keys)s::uuid[], %(types)s::text[], %(records)s::jsonb[], %(data)s::bytea[], %(reasons)s::text[])
    AS t (read_model, subject, stream_version, position, record_key, type, record, data, reason)
ON CONFLICT DO NOTHING;

-- name: list_parked
-- What is parked: one line a stream, with the reason of the event that holds it up.
SELECT read_model, subject, count(*) AS events, min(parked_at) AS since, max(tries) AS tries,
    (array_agg(type ORDER BY stream_version))[1] AS type,
    min(stream_version) AS stream_version, min(position) AS position,
    (array_agg(reason ORDER BY stream_version) FILTER (WHERE reason IS NOT NULL))[1] AS reason
FROM read_models.parked
WHERE lane = %(lane)s
    AND (%(read_model)s::text IS NULL OR read_model = %(read_model)s)
    AND (%(subject)s::text IS NULL OR subject = %(subject)s)
GROUP BY read_model, subject
ORDER BY since, read_model, subject;

-- name: parked_events
-- The waiting events of one stream, in order.
SELECT record, data FROM read_models.parked
WHERE lane = %s AND read_model = %s AND subject = %s ORDER BY stream_version;

-- name: unpark
-- Applied after all.
DELETE FROM read_models.parked WHERE lane = %s AND read_model = %s AND subject = %s AND stream_version <= %s;

-- name: tried_again
-- It failed again.
UPDATE read_models.parked SET tries = tries + 1, reason = %s
WHERE lane = %s AND read_model = %s AND subject = %s AND stream_version = %s;
