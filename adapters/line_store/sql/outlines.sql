-- name: put_outline
-- Keep the outline of a chunk; one that is made from the same lines again is the same.
INSERT INTO line_outline (population, first_line, lines, content)
VALUES (%(population)s, %(first_line)s, %(lines)s, %(content)b)
ON CONFLICT DO NOTHING;

-- name: outlined_lines
-- How many lines of populations are outlined.
SELECT coalesce(sum(lines), 0) FROM line_outline WHERE population = ANY (%(populations)s);

-- name: not_outlined
-- Populations of which not each line is outlined.
SELECT p FROM unnest(%(populations)s::bigint[]) AS p
WHERE (SELECT count(*) FROM provider_line l WHERE l.population = p)
   <> (SELECT coalesce(sum(lines), 0) FROM line_outline o WHERE o.population = p);

-- name: lines_to_outline
-- What an outline holds of each line, in order.
SELECT number, kind || ',' || charge, coalesce(customer_ref, ''), coalesce(product_ref, ''),
       charge_from - date '1970-01-01', trim_scale(amount)::text
FROM provider_line WHERE population = %(population)s ORDER BY number;

-- name: outlines
-- The next few outlines.
SELECT first_line, population, content FROM line_outline
WHERE population = ANY (%(populations)s) AND (first_line, population) > (%(first_line)s, %(population)s)
ORDER BY first_line, population
LIMIT %(limit)s;

-- name: purge_outlines
-- Remove outlines of populations.
DELETE FROM line_outline WHERE population = ANY (%(populations)s);
