-- name: last_days
-- Latest day with a scheduled run, and latest with one that has ended, of each job.
SELECT job, max(day), max(day) FILTER (WHERE ended_at IS NOT NULL)
FROM job_runs
WHERE NOT manual
GROUP BY job;

-- name: enqueue
-- Ask for a run, unless the job has an open one or the day has its scheduled one.
INSERT INTO job_runs (job, day, manual, requested_at, due_at)
VALUES (%(job)s, %(day)s, %(manual)s, %(now)s, %(now)s)
ON CONFLICT DO NOTHING
RETURNING id, job, day, manual, requested_at, due_at, started_at, ended_at, outcome, result, tries, fencing,
    lease_until IS NOT NULL AND lease_until > clock_timestamp();

-- name: enqueue_beat
-- Ask for the day's run of a job that runs many times a day: its row is used again once it has ended, so that the table
-- does not grow by hundreds a day. Of many that ask for the same beat one is answered.
INSERT INTO job_runs AS r (job, day, manual, requested_at, due_at)
VALUES (%(job)s, %(day)s, false, %(now)s, %(now)s)
ON CONFLICT (job, day) WHERE NOT manual DO UPDATE SET
    requested_at = excluded.requested_at, due_at = excluded.due_at, started_at = NULL, ended_at = NULL, outcome = NULL,
    result = NULL, tries = 0
WHERE r.ended_at IS NOT NULL AND r.requested_at < %(beat)s
RETURNING id, job, day, manual, requested_at, due_at, started_at, ended_at, outcome, result, tries, fencing, false;

-- name: last_asked
-- When the last scheduled run of a job was asked for.
SELECT max(requested_at) FROM job_runs WHERE job = %(job)s AND NOT manual;

-- name: open_run
-- The run that has not ended.
SELECT id, job, day, manual, requested_at, due_at, started_at, ended_at, outcome, result, tries, fencing,
    lease_until IS NOT NULL AND lease_until > clock_timestamp()
FROM job_runs
WHERE job = %(job)s AND ended_at IS NULL;

-- name: last_run
-- The newest run of a job: the open one, else the one asked for last.
SELECT id, job, day, manual, requested_at, due_at, started_at, ended_at, outcome, result, tries, fencing,
    ended_at IS NULL AND lease_until IS NOT NULL AND lease_until > clock_timestamp()
FROM job_runs
WHERE job = %(job)s
ORDER BY ended_at IS NULL DESC, requested_at DESC, id DESC
LIMIT 1;

-- name: claim
-- Take the open run of a job, if it is due and nobody alive has it; a dead owner's lease has run out.
UPDATE job_runs SET
    owner = %(owner)s,
    lease_until = clock_timestamp() + make_interval(secs => %(lease)s),
    fencing = nextval('job_fencing'),
    tries = tries + 1,
    started_at = coalesce(started_at, %(now)s)
WHERE id = (
    SELECT id FROM job_runs
    WHERE job = %(job)s AND ended_at IS NULL AND due_at <= %(now)s
      AND (lease_until IS NULL OR lease_until < clock_timestamp())
    FOR UPDATE SKIP LOCKED
)
RETURNING id, job, day, manual, requested_at, due_at, started_at, ended_at, outcome, result, tries, fencing, true;

-- name: renew
-- Keep a run, as long as nobody took it over.
UPDATE job_runs SET lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
WHERE id = %(id)s AND fencing = %(fencing)s AND ended_at IS NULL;

-- name: end_run
-- Record how a run ended, as long as nobody took it over.
UPDATE job_runs SET ended_at = %(now)s, outcome = %(outcome)s, result = %(result)s, owner = NULL, lease_until = NULL
WHERE id = %(id)s AND fencing = %(fencing)s AND ended_at IS NULL;

-- name: retry_run
-- Let a run that raised be tried again later, as long as nobody took it over.
UPDATE job_runs SET due_at = %(due_at)s, result = %(result)s, owner = NULL, lease_until = NULL
WHERE id = %(id)s AND fencing = %(fencing)s AND ended_at IS NULL;

-- name: release
-- Give a run back unfinished; that was no try.
UPDATE job_runs SET owner = NULL, lease_until = NULL, tries = tries - 1
WHERE id = %(id)s AND fencing = %(fencing)s AND ended_at IS NULL;
