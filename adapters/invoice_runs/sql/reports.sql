-- name: begin_run
-- A report begins, or goes on.
INSERT INTO invoice_run AS r (report, day, day_from, asked, cause, operation, started_at)
VALUES (%(report)s, %(day)s, %(day_from)s, %(asked)s, %(cause)s, %(operation)s, %(started_at)s)
ON CONFLICT (report) DO UPDATE SET operation = excluded.operation, status = 'running', ended_at = NULL;

-- name: put_outcomes
-- What was invoiced stays invoiced; invoices of all tries are kept, each once.
INSERT INTO invoice_run_outcome AS o
    (report, contract, number, day, outcome, code, reason, next_try, invoices, warnings, operation, ended_at)
SELECT report, contract, number, day, outcome, code, reason, next_try, invoices, warnings, operation, ended_at
FROM jsonb_to_recordset(%(rows)s) AS t (report uuid, contract uuid, number text, day date, outcome text, code text,
    reason text, next_try date, invoices jsonb, warnings jsonb, operation uuid, ended_at timestamptz)
ORDER BY report, contract
ON CONFLICT (report, contract) DO UPDATE SET
    day = excluded.day,
    outcome = CASE WHEN o.outcome = 'invoiced' THEN o.outcome ELSE excluded.outcome END,
    code = excluded.code,
    reason = excluded.reason,
    next_try = excluded.next_try,
    invoices = o.invoices || (
        SELECT coalesce(jsonb_agg(made), '[]') FROM jsonb_array_elements(excluded.invoices) AS made
        WHERE NOT o.invoices @> jsonb_build_array(jsonb_build_object('id', made -> 'id'))),
    warnings = CASE WHEN excluded.warnings = '[]' THEN o.warnings ELSE excluded.warnings END,
    operation = excluded.operation,
    ended_at = excluded.ended_at;

-- name: kept
-- The outcomes of some contracts.
SELECT contract, outcome FROM invoice_run_outcome WHERE report = %(report)s AND contract = ANY (%(contracts)s::uuid[]);

-- name: end_run
-- It ended: its counts, once and for all until it goes on.
UPDATE invoice_run SET
    status = CASE WHEN %(cancelled)s THEN 'cancelled' ELSE 'done' END,
    ended_at = %(now)s,
    waiting = %(waiting)s,
    (invoiced, nothing_to_bill, skipped, failed, invoices) = (
        SELECT count(*) FILTER (WHERE outcome = 'invoiced'), count(*) FILTER (WHERE outcome = 'nothing_to_bill'),
            count(*) FILTER (WHERE outcome = 'skipped'), count(*) FILTER (WHERE outcome = 'failed'),
            coalesce(sum(jsonb_array_length(o.invoices)), 0)
        FROM invoice_run_outcome o WHERE o.report = %(report)s)
WHERE report = %(report)s AND operation = %(operation)s;

-- name: reports
-- By day, the newest first; what is under way is counted as it stands.
SELECT r.report AS id, r.day, r.cause, r.operation, r.status, r.started_at, r.ended_at, r.day_from, r.asked, r.waiting,
    CASE WHEN r.ended_at IS NULL THEN live.invoiced ELSE r.invoiced END AS invoiced,
    CASE WHEN r.ended_at IS NULL THEN live.nothing_to_bill ELSE r.nothing_to_bill END AS nothing_to_bill,
    CASE WHEN r.ended_at IS NULL THEN live.skipped ELSE r.skipped END AS skipped,
    CASE WHEN r.ended_at IS NULL THEN live.failed ELSE r.failed END AS failed,
    CASE WHEN r.ended_at IS NULL THEN live.invoices ELSE r.invoices END AS invoices
FROM invoice_run r
LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE outcome = 'invoiced') AS invoiced,
        count(*) FILTER (WHERE outcome = 'nothing_to_bill') AS nothing_to_bill,
        count(*) FILTER (WHERE outcome = 'skipped') AS skipped, count(*) FILTER (WHERE outcome = 'failed') AS failed,
        coalesce(sum(jsonb_array_length(o.invoices)), 0) AS invoices
    FROM invoice_run_outcome o WHERE o.report = r.report
) AS live ON r.ended_at IS NULL
WHERE (%(report)s::uuid IS NULL OR r.report = %(report)s)
  AND (%(day)s::date IS NULL OR r.day < %(day)s OR (r.day = %(day)s AND (r.started_at < %(started_at)s
      OR (r.started_at = %(started_at)s AND r.report > %(after)s))))
ORDER BY r.day DESC, r.started_at DESC, r.report
LIMIT %(limit)s;

-- name: count_reports
-- How many there are.
SELECT count(*) FROM invoice_run;

-- name: outcomes
-- Contracts of a report in order of their numbers.
SELECT contract, number, day, outcome, code, reason, next_try, invoices, warnings, ended_at
FROM invoice_run_outcome
WHERE report = %(report)s AND (%(outcome)s::text IS NULL OR outcome = %(outcome)s)
  AND (number, contract) > (%(number)s, %(contract)s::uuid)
ORDER BY number, contract
LIMIT %(limit)s;
