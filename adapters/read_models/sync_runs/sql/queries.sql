-- name: page
-- A page of the syncs with their exact count, of one moment.
WITH matching AS NOT MATERIALIZED (
    SELECT * FROM read_models.sync_runs
    WHERE %(provider)s::text IS NULL OR provider = %(provider)s OR provider IS NULL
), rows AS (
    SELECT * FROM matching
    WHERE %(after_at)s::timestamptz IS NULL OR (started_at, id) < (%(after_at)s, %(after_id)s::uuid)
    ORDER BY started_at DESC, id DESC LIMIT %(limit)s
)
SELECT t.total AS matching_rows, {columns}
FROM (SELECT CASE WHEN %(count)s THEN (SELECT count(*) FROM matching) END AS total) AS t
LEFT JOIN rows AS m ON true
ORDER BY m.started_at DESC, m.id DESC;

-- name: get
-- One sync.
SELECT {columns} FROM read_models.sync_runs AS m WHERE m.id = %s;
