-- Invoice runs: how far each zone is, and the reports that are kept.

-- The last day that a zone's contracts were run for by the scheduler; a zone without a row was never looked at.
CREATE TABLE invoice_run_zone (
    zone text COLLATE "C" PRIMARY KEY,
    done date NOT NULL
);

-- One report for each day, whatever runs of it there were; one for each run on request.
CREATE TABLE invoice_run (
    report          uuid PRIMARY KEY,
    day             date        NOT NULL,  -- of a run on request: its last one
    day_from        date,                  -- of a run on request
    asked           integer,               -- contracts that a run on request named
    cause           text COLLATE "C" NOT NULL CHECK (cause IN ('run', 'request')),
    operation       uuid        NOT NULL,  -- the last one; forgotten after a while, unlike the report
    status          text COLLATE "C" NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'done', 'cancelled')),
    started_at      timestamptz NOT NULL,  -- of the first
    ended_at        timestamptz,           -- of the last
    waiting         integer     NOT NULL DEFAULT 0,  -- due, in zones whose day had not come
    -- As they were at the end; of a run under way they are counted.
    invoiced        integer     NOT NULL DEFAULT 0,
    nothing_to_bill integer     NOT NULL DEFAULT 0,
    skipped         integer     NOT NULL DEFAULT 0,
    failed          integer     NOT NULL DEFAULT 0,
    invoices        integer     NOT NULL DEFAULT 0
);
CREATE INDEX invoice_run_newest ON invoice_run (day DESC, started_at DESC, report);

-- What a run came to for each contract, written in the transaction of what was done.
CREATE TABLE invoice_run_outcome (
    report    uuid        NOT NULL,
    contract  uuid        NOT NULL,
    number    text COLLATE "C" NOT NULL,
    day       date        NOT NULL,
    outcome   text COLLATE "C" NOT NULL CHECK (outcome IN ('invoiced', 'nothing_to_bill', 'skipped', 'failed')),
    code      text COLLATE "C",
    reason    text,
    next_try  date,
    invoices  jsonb       NOT NULL DEFAULT '[]',  -- [{id, customer, reference, total, currency}]
    warnings  jsonb       NOT NULL DEFAULT '[]',
    operation uuid        NOT NULL,
    ended_at  timestamptz NOT NULL,
    PRIMARY KEY (report, contract)
);
CREATE INDEX invoice_run_outcome_listed ON invoice_run_outcome (report, number, contract);
CREATE INDEX invoice_run_outcome_found ON invoice_run_outcome (report, outcome, number, contract);
