-- name: numbers
-- Which numbers have the part, by the thousand; how many they are; and those of them in which the page's rows are: from
-- the newest on as many as surely have enough. The first few are looked up one by one, those with the fewest first.
WITH ways AS MATERIALIZED (
    SELECT width, lower(lead) AS lead, lower(rest) AS rest, places
    FROM unnest(%(way_widths)s::integer[], %(way_leads)s::text[], %(way_rests)s::text[], %(way_places)s::bit(1000)[])
        AS w (width, lead, rest, places)
), thousands AS MATERIALIZED (
    SELECT b.lead, b.width, b.rest, b.earliest, b.latest, h.hits, bit_count(h.hits) AS n
    FROM read_models.invoice_numbers AS b, LATERAL (
        SELECT CASE WHEN strpos(b.lead, lower(%(part)s)) > 0 OR strpos(b.rest, lower(%(part)s)) > 0 THEN b.taken
            ELSE b.taken & (
                SELECT bit_or(w.places) FROM ways AS w
                WHERE w.width = b.width AND right(b.lead, length(w.lead)) = w.lead AND starts_with(b.rest, w.rest)
            ) END AS hits OFFSET 0
    ) AS h
    WHERE bit_count(h.hits) > 0
), later AS (
    SELECT * FROM thousands WHERE {after_earliest}
), enough AS (
    SELECT earliest FROM (
        SELECT earliest, sum(n) OVER (ORDER BY earliest DESC) AS reached FROM later WHERE {after_latest}
    ) AS r WHERE reached >= %(limit)s ORDER BY earliest DESC LIMIT 1
), near AS MATERIALIZED (
    SELECT *, sum(n) OVER (ORDER BY n, lead, width, rest) <= %(few)s AS few FROM later
    WHERE latest >= coalesce((SELECT earliest FROM enough), earliest)
)

-- name: numbered
-- How many have the part.
(SELECT coalesce(sum(n), 0)::bigint FROM thousands)

-- name: after_earliest
-- Some of it may be beyond the last row of the page before.
earliest <= read_models.list_place(%(after_period)s, %(after_position)s)

-- name: after_latest
-- All of it is.
latest < read_models.list_place(%(after_period)s, %(after_position)s)

-- name: any_number
-- No page before.
true

-- name: few_numbers
-- The newest of those that are looked up one by one.
(SELECT i.id, i.period_to, i.created_position
 FROM near AS t, read_models.places(t.hits) AS place, LATERAL (
    SELECT id, period_to, created_position FROM read_models.invoice_list AS m
    WHERE number IS NOT NULL AND lower(number) = t.lead || lpad(place::text, t.width, '0') || t.rest OFFSET 0
 ) AS i
 WHERE t.few AND {after}
 ORDER BY period_to DESC, created_position DESC LIMIT %(limit)s)

-- name: many_numbers
-- The newest of the others, met on the way from the newest that can have the part.
(SELECT id, period_to, created_position FROM read_models.invoice_list AS i
 WHERE EXISTS (SELECT FROM near WHERE NOT few) AND number IS NOT NULL
    AND (period_to, created_position) <= (
        (SELECT '2000-01-01'::date + (max(latest))[1]::integer FROM near WHERE NOT few),
        (SELECT (max(latest))[2] FROM near WHERE NOT few))
    AND strpos(lower(number), lower(%(part)s)) > 0 AND {after}
 ORDER BY period_to DESC, created_position DESC LIMIT %(limit)s)

-- name: rows_by_number
-- Each once: on the way from the newest are also those that were looked up.
{few} UNION {many}
