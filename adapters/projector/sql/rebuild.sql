-- name: be_the_one
-- One rebuild of a read model at a time; held until the connection ends.
SELECT pg_try_advisory_lock(hashtext('read_models.rebuild'), hashtext(%s));

-- name: drop_next
-- What a rebuild that was broken off left behind.
DROP TABLE IF EXISTS {table};

-- name: make_like
-- An empty table of the same shape, indexes and all.
CREATE TABLE {new} (LIKE {old} INCLUDING ALL);

-- name: make_scratch
-- The same for this session only, without a trace in the log.
CREATE TEMPORARY TABLE {name} (LIKE {old} INCLUDING ALL) ON COMMIT DROP;

-- name: storage_options
-- How full pages are filled, which LIKE leaves out.
SELECT array_to_string(reloptions, ', ') FROM pg_class WHERE oid = %s::regclass;

-- name: set_storage_options
-- As the table has it that is replaced.
ALTER TABLE {new} SET ({options});

-- name: drop_old
-- The rows that are replaced.
DROP TABLE {table};

-- name: move_over
-- The new rows become those that are read.
ALTER TABLE {new} SET SCHEMA {schema};

-- name: moved_over
-- What is kept beside a read model's tables is made for the new ones.
SELECT read_models.moved_over(%s);

-- name: analyze
-- So that the first queries are planned well.
ANALYZE {table};

-- name: switched
-- A new version, which has all events up to a position.
UPDATE read_models.catalogue SET version = version + 1, state = 'live', applied_to = %(position)s
WHERE name = %(name)s RETURNING version;

-- name: forget_parked
-- The new rows have parked events of their own.
DELETE FROM read_models.parked WHERE lane = %s AND read_model = %s;

-- name: compare_tables
-- Keys of rows that are on one side only, or differ, and how many they are.
WITH different AS (
    SELECT coalesce(a.{key}, b.{key})::text AS key,
        CASE WHEN a.{key} IS NULL THEN 'missing' WHEN b.{key} IS NULL THEN 'surplus' ELSE 'different' END AS what
    FROM {present} AS a
    FULL JOIN {replayed} AS b ON a.{key} = b.{key}
    WHERE ROW({a_columns}) IS DISTINCT FROM ROW({b_columns})
)
SELECT (SELECT count(*) FROM {present}), (SELECT count(*) FROM {replayed}), (SELECT count(*) FROM different),
    (SELECT array_agg(ARRAY[key, what]) FROM (SELECT key, what FROM different ORDER BY key LIMIT %s) AS first);

-- name: one_moment
-- Rows, versions and parked events as of one moment, whatever is written meanwhile.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;

-- name: parked_from
-- From which version on a stream waits, by read model.
SELECT read_model, subject, min(stream_version) FROM read_models.parked
WHERE lane = %s GROUP BY read_model, subject;
