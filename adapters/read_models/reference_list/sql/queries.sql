-- name: page
-- A page of one kind by code, with its exact count, of one moment.
WITH matching AS NOT MATERIALIZED (
    SELECT * FROM read_models.reference_list
    WHERE kind = %(kind)s
        AND (%(retired)s::boolean IS NULL OR retired = %(retired)s)
        AND (%(search)s::text IS NULL OR code ILIKE %(search)s OR name ILIKE %(search)s OR code = ANY(%(named)s::text[]))
        AND (%(body)s::jsonb IS NULL OR body @> %(body)s)
        AND (%(identifier_of)s::jsonb IS NULL OR body -> 'identifiers' @> %(identifier_of)s)
), rows AS (
    SELECT * FROM matching WHERE %(after)s::text IS NULL OR code > %(after)s ORDER BY code LIMIT %(limit)s
)
SELECT t.total AS matching_rows, {columns}
FROM (SELECT CASE WHEN %(count)s THEN (SELECT count(*) FROM matching) END AS total) AS t
LEFT JOIN rows AS m ON true
ORDER BY m.code;

-- name: get
-- One by its code.
SELECT {columns} FROM read_models.reference_list AS m WHERE m.kind = %s AND m.code = %s;

-- name: stored_names
-- Names as stored, of the latest ones: encrypted ones are opened to be searched.
SELECT code, body ->> 'name' FROM read_models.reference_list
WHERE kind = %s AND NOT erased ORDER BY created_position DESC LIMIT %s;

-- name: suggest
-- For a search box: codes that begin with a text, then names that have it.
SELECT code, name FROM read_models.reference_list
WHERE kind = %(kind)s AND NOT retired
    AND (code ILIKE %(starts)s OR name ILIKE %(has)s OR code = ANY(%(named)s::text[]))
ORDER BY NOT code ILIKE %(starts)s, code LIMIT %(limit)s;
