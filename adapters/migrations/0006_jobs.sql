-- Runs of the scheduled jobs. What a job is set to is an event (job.saved); that it ran is a row.

CREATE SEQUENCE job_fencing;

CREATE TABLE job_runs (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job          text COLLATE "C" NOT NULL,
    day          date        NOT NULL,
    manual       boolean     NOT NULL,  -- started by hand; does not count as the day's run
    requested_at timestamptz NOT NULL,
    due_at       timestamptz NOT NULL,  -- not before; moves when a run that raised is tried again
    started_at   timestamptz,
    ended_at     timestamptz,
    outcome      text CHECK (outcome IN ('ok', 'failed')),
    result       text,                  -- a sentence for people
    tries        integer     NOT NULL DEFAULT 0,
    owner        text,                  -- the process that runs it
    lease_until  timestamptz,           -- by the database's clock: after that another process takes it over
    fencing      bigint,                -- grows with every owner; a former one's writes are refused
    CHECK ((ended_at IS NULL) = (outcome IS NULL))
);
-- A day is run once, and a job once at a time, whatever starts it in however many processes.
CREATE UNIQUE INDEX job_runs_one_a_day ON job_runs (job, day) WHERE NOT manual;
CREATE UNIQUE INDEX job_runs_one_at_a_time ON job_runs (job) WHERE ended_at IS NULL;
CREATE INDEX job_runs_newest ON job_runs (job, id);
