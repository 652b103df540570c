-- name: share_lane
-- Held by every batch until its end; a switch or a retry takes it alone and so meets no batch half done.
SELECT pg_advisory_xact_lock_shared(hashtext('read_models.lane'), hashtext(%s));

-- name: seize_lane
-- Wait for all batches of the lane to end, and let none begin before this transaction ends.
SELECT pg_advisory_xact_lock(hashtext('read_models.lane'), hashtext(%s));

-- name: add_lane
-- Make the lane known.
INSERT INTO read_models.lanes (lane) VALUES (%s) ON CONFLICT DO NOTHING;

-- name: lane_changes
-- Whether somebody touched rows that this projector may have in memory.
SELECT changes FROM read_models.lanes WHERE lane = %s;

-- name: raise_changes
-- Tell all projectors of the lane to forget what they have in memory.
UPDATE read_models.lanes SET changes = changes + 1 WHERE lane = %s;

-- name: add_partitions
-- Every partition of the feed has a row, owned or not: a read model's position is the smallest over all of them.
INSERT INTO read_models.positions (lane, topic, partition)
SELECT %(lane)s, t.topic, t.partition FROM unnest(%(topics)s::text[], %(partitions)s::int[]) AS t (topic, partition)
ON CONFLICT DO NOTHING;

-- name: drop_other_partitions
-- Another feed than before (Kafka instead of the event store, or back) has other partitions, and offsets that mean
-- something else: everything is read again from the start, and skipped by stream versions.
DELETE FROM read_models.positions
WHERE lane = %(lane)s AND EXISTS (
    SELECT FROM (
        SELECT topic, array_agg(partition ORDER BY partition) AS numbers FROM read_models.positions
        WHERE lane = %(lane)s GROUP BY topic
    ) AS stored
    JOIN (
        SELECT t.topic, array_agg(t.partition ORDER BY t.partition) AS numbers
        FROM unnest(%(topics)s::text[], %(partitions)s::int[]) AS t (topic, partition) GROUP BY t.topic
    ) AS fed ON fed.topic = stored.topic
    WHERE fed.numbers <> stored.numbers
);

-- name: claim_partition
-- A new owner: from now on the former one's writes are refused. Another generation starts from the first offset.
INSERT INTO read_models.positions AS p (lane, topic, partition, generation, epoch, owner)
VALUES (%(lane)s, %(topic)s, %(partition)s, %(generation)s, 1, %(owner)s)
ON CONFLICT (lane, topic, partition) DO UPDATE SET
    epoch = p.epoch + 1,
    owner = excluded.owner,
    next_offset = CASE WHEN p.generation = excluded.generation THEN p.next_offset ELSE 0 END,
    generation = excluded.generation
RETURNING epoch, next_offset;

-- name: lock_positions
-- Take the partitions of a batch, in one order for everybody, and see whether they are where the batch starts from.
SELECT p.topic, p.partition, p.epoch, p.next_offset
FROM read_models.positions AS p
JOIN unnest(%(topics)s::text[], %(partitions)s::int[]) AS t (topic, partition)
    ON t.topic = p.topic AND t.partition = p.partition
WHERE p.lane = %(lane)s
ORDER BY p.topic, p.partition
FOR UPDATE OF p;

-- name: advance_positions
-- The position goes with the rows.
UPDATE read_models.positions AS p
SET next_offset = t.next_offset,
    applied = greatest(p.applied, t.applied),
    applied_recorded_at = coalesce(t.recorded_at, p.applied_recorded_at)
FROM unnest(%(topics)s::text[], %(partitions)s::int[], %(offsets)s::bigint[], %(applied)s::bigint[],
            %(recorded)s::timestamptz[]) AS t (topic, partition, next_offset, applied, recorded_at)
WHERE p.lane = %(lane)s AND p.topic = t.topic AND p.partition = t.partition;

-- name: note_watermarks
-- A partition that was applied up to an offset is complete up to the position which that offset stands for.
UPDATE read_models.positions AS p
SET watermark = t.position
FROM unnest(%(topics)s::text[], %(partitions)s::int[], %(epochs)s::bigint[], %(offsets)s::bigint[],
            %(positions)s::bigint[]) AS t (topic, partition, epoch, next_offset, position)
WHERE p.lane = %(lane)s AND p.topic = t.topic AND p.partition = t.partition
    AND p.epoch = t.epoch AND p.next_offset >= t.next_offset AND p.watermark < t.position
RETURNING p.topic, p.partition;

-- name: hint
-- Wakes whoever waits for a position; a hint only, they poll behind it.
SELECT pg_notify('read_models', '');

-- name: load_streams
-- The versions up to which streams were applied.
SELECT subject, version FROM read_models.streams WHERE lane = %s AND subject = ANY(%s::text[]);

-- name: upsert_streams
-- The versions after this batch.
INSERT INTO read_models.streams AS s (lane, subject, version)
SELECT %(lane)s, t.subject, t.version FROM unnest(%(subjects)s::text[], %(versions)s::bigint[]) AS t (subject, version)
ORDER BY t.subject
ON CONFLICT (lane, subject) DO UPDATE SET version = excluded.version;

-- name: rebuilt_to
-- Events up to this position are in a read model's rows already, since it was rebuilt.
SELECT name, applied_to FROM read_models.catalogue;

-- name: lag
-- How far each read model is behind the record: its position, the head, the age of the oldest event it has not, and
-- how many streams wait.
SELECT c.name, p.position, h.position,
    coalesce((SELECT extract(epoch FROM clock_timestamp() - e.recorded_at) FROM stored_events AS e
              WHERE e.notification_id > p.position ORDER BY e.notification_id LIMIT 1), 0)::double precision,
    (SELECT count(DISTINCT k.subject) FROM read_models.parked AS k WHERE k.lane = %(lane)s AND k.read_model = c.name)
FROM read_models.catalogue AS c
CROSS JOIN LATERAL (
    SELECT coalesce(min(w.watermark), 0) AS position FROM read_models.positions AS w
    WHERE w.lane = %(lane)s AND w.topic = ANY(c.topics)
) AS p
CROSS JOIN (SELECT coalesce(max(notification_id), 0) AS position FROM stored_events) AS h
ORDER BY c.name;
