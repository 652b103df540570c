-- name: days
-- A page of days on which anything happened, with their exact count.
WITH matching AS (
    SELECT day FROM read_models.import_days
    WHERE (outcome IS NOT NULL OR changed) AND (%(provider)s::text IS NULL OR provider = %(provider)s)
    UNION
    SELECT day FROM read_models.import_list_failures WHERE %(provider)s::text IS NULL OR provider = %(provider)s
    UNION
    SELECT day FROM read_models.import_summary_mails WHERE %(provider)s::text IS NULL
), asked AS (
    SELECT day FROM matching
    WHERE (%(from)s::date IS NULL OR day >= %(from)s) AND (%(to)s::date IS NULL OR day <= %(to)s)
)
SELECT t.total, r.day
FROM (SELECT CASE WHEN %(count)s THEN (SELECT count(*) FROM asked) END AS total) AS t
LEFT JOIN (
    SELECT day FROM asked WHERE %(after)s::date IS NULL OR day < %(after)s ORDER BY day DESC LIMIT %(limit)s
) AS r ON true
ORDER BY r.day DESC;

-- name: counts
-- How many of a provider's invoices succeeded, failed and changed on these days.
SELECT day, provider, count(*) FILTER (WHERE outcome = 'succeeded') AS succeeded,
    count(*) FILTER (WHERE outcome = 'failed') AS failed, count(*) FILTER (WHERE changed) AS changed
FROM read_models.import_days
WHERE day = ANY(%(days)s::date[]) AND (%(provider)s::text IS NULL OR provider = %(provider)s)
    AND (outcome IS NOT NULL OR changed)
GROUP BY day, provider;

-- name: totals
-- What succeeded, per currency.
SELECT day, provider, currency, sum(total) AS total, count(*) AS invoices
FROM read_models.import_days
WHERE day = ANY(%(days)s::date[]) AND (%(provider)s::text IS NULL OR provider = %(provider)s) AND outcome = 'succeeded'
GROUP BY day, provider, currency ORDER BY currency;

-- name: named
-- The failed and the changed ones, at most so many a provider, day and sort.
SELECT day, provider, sort, provider_invoice, number, reasons, messages, imported_total, reported_total, change_currency
FROM (
    SELECT d.*, s.sort,
        row_number() OVER (PARTITION BY d.day, d.provider, s.sort ORDER BY d.number, d.provider_invoice) AS n
    FROM read_models.import_days AS d
    JOIN (VALUES ('failed'), ('changed')) AS s (sort)
        ON (s.sort = 'failed' AND d.outcome = 'failed') OR (s.sort = 'changed' AND d.changed)
    WHERE d.day = ANY(%(days)s::date[]) AND (%(provider)s::text IS NULL OR d.provider = %(provider)s)
) AS numbered
WHERE n <= %(most)s ORDER BY number, provider_invoice;

-- name: list_failures
-- Lists that could not be fetched.
SELECT day, provider, message FROM read_models.import_list_failures
WHERE day = ANY(%(days)s::date[]) AND (%(provider)s::text IS NULL OR provider = %(provider)s) ORDER BY at, key;

-- name: mails
-- The days' mails.
SELECT {columns} FROM read_models.import_summary_mails AS m WHERE m.day = ANY(%s::date[]);

-- name: unsent
-- Mails that are not out.
SELECT {columns} FROM read_models.import_summary_mails AS m WHERE m.status = 'failed' ORDER BY m.day;
