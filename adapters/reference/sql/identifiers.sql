-- name: lock_identifiers
-- Lock the buckets of identifiers in a fixed order, until the transaction ends: of many savers one decides at a time.
-- There are 256 buckets, so that a body with a thousand identifiers does not fill the server's table of locks.
SELECT pg_advisory_xact_lock(4701, bucket)
FROM (
    SELECT DISTINCT (hashtext(wanted.key) & 255) AS bucket
    FROM unnest(%(keys)s::text[]) AS wanted (key)
    ORDER BY bucket
) AS buckets;

-- name: forget_identifiers
-- Take out what these codes had before.
DELETE FROM reference_identifiers WHERE kind = %(kind)s AND code = ANY(%(codes)s::text[]);

-- name: find_taken_identifier
-- The first wanted identifier that another code holds on a day of the period, among stored and wanted ones.
WITH wanted AS (
    SELECT *
    FROM unnest(
        %(codes)s::text[], %(providers)s::text[], %(identifiers)s::text[], %(froms)s::date[], %(tos)s::date[]
    ) WITH ORDINALITY AS w (code, provider, identifier, valid_from, valid_to, place)
), held AS (
    SELECT r.code, r.provider, r.identifier, r.valid_from, r.valid_to
    FROM reference_identifiers AS r
    WHERE r.kind = %(kind)s AND (r.provider, r.identifier) IN (SELECT provider, identifier FROM wanted)
    UNION ALL
    SELECT code, provider, identifier, valid_from, valid_to FROM wanted
)
SELECT w.provider, w.identifier, w.code AS wanted_by, h.code AS holder, h.valid_from, h.valid_to
FROM wanted AS w
JOIN held AS h USING (provider, identifier)
WHERE h.code <> w.code
  AND daterange(w.valid_from, w.valid_to) && daterange(h.valid_from, h.valid_to)
ORDER BY w.place
LIMIT 1;

-- name: add_identifiers
-- Write what these codes have from now on.
INSERT INTO reference_identifiers (kind, provider, identifier, code, valid_from, valid_to)
SELECT %(kind)s, w.provider, w.identifier, w.code, w.valid_from, w.valid_to
FROM unnest(
    %(codes)s::text[], %(providers)s::text[], %(identifiers)s::text[], %(froms)s::date[], %(tos)s::date[]
) AS w (code, provider, identifier, valid_from, valid_to);
