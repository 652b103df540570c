-- name: page
-- A page of the notices with their exact count, of one moment.
WITH matching AS NOT MATERIALIZED (
    SELECT * FROM read_models.notices WHERE NOT %(unsent)s OR status = 'failed'
), rows AS (
    SELECT * FROM matching WHERE %(after)s::bigint IS NULL OR created_position < %(after)s
    ORDER BY created_position DESC LIMIT %(limit)s
)
SELECT t.total AS matching_rows, {columns}
FROM (SELECT CASE WHEN %(count)s THEN (SELECT count(*) FROM matching) END AS total) AS t
LEFT JOIN rows AS m ON true
ORDER BY m.created_position DESC;
