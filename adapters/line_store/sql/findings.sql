-- name: lock_findings
-- Two tries at once wait for each other here; the second one then loses by its version.
SELECT pg_advisory_xact_lock(hashtextextended('line_finding/' || %(provider_invoice)s, 0));

-- name: forget_findings
-- What an attempt's last try found is replaced by what this one finds.
DELETE FROM line_finding
WHERE provider_invoice = %(provider_invoice)s AND attempt = %(attempt)s;

-- name: put_findings
-- One row a finding, in the order they are listed.
COPY line_finding (provider_invoice, attempt, number, kind, reference, name, lines, first_lines, amount, hint)
FROM STDIN;

-- name: findings
-- What an attempt's last try found.
SELECT kind, reference, name, lines, first_lines, amount, hint FROM line_finding
WHERE provider_invoice = %(provider_invoice)s AND attempt = %(attempt)s
ORDER BY number;

-- name: put_warnings
-- One row an odd line of a part, in the order they are listed.
COPY line_warning (population, number, kind, reference, name, lines, first_lines, amount, hint) FROM STDIN;

-- name: warnings
-- What was odd about the lines of parts as they were read.
SELECT kind, reference, name, lines, first_lines, amount, hint FROM line_warning
WHERE population = ANY (%(populations)s)
ORDER BY population, number;

-- name: odd_lines
-- Lines without a subscription or tags where others of the same population have them.
WITH seen AS (
    SELECT population, number, amount, subscription_ref IS NULL AS no_subscription,
           attributes IS NULL OR attributes NOT LIKE '%%"Tags":%%' AS no_tags
    FROM provider_line WHERE population = ANY (%(populations)s)
)
SELECT 'subscription', count(*), trim_scale(sum(amount)), (array_agg(number ORDER BY number))[1:5] FROM seen
WHERE no_subscription AND population IN (SELECT population FROM seen WHERE NOT no_subscription) HAVING count(*) > 0
UNION ALL
SELECT 'tags', count(*), trim_scale(sum(amount)), (array_agg(number ORDER BY number))[1:5] FROM seen
WHERE no_tags AND population IN (SELECT population FROM seen WHERE NOT no_tags) HAVING count(*) > 0;
