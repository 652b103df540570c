-- The list of billing contracts, and the entries of their schedules that something happened to.
CREATE TABLE read_models.billing_contracts (
    id uuid PRIMARY KEY,
    number text NOT NULL,
    name text NOT NULL,
    status text NOT NULL,
    customers text[] NOT NULL,
    currency text NOT NULL,
    starts date NOT NULL,
    ends date,                          -- the first day not billed
    frequency text NOT NULL,
    approval text NOT NULL,
    tasks text[] NOT NULL,
    time_zone text NOT NULL,
    lines integer NOT NULL,
    kinds text[] NOT NULL,              -- of its lines
    recorded_on date NOT NULL,
    created_at timestamptz NOT NULL,
    created_position bigint NOT NULL,
    last_event_at timestamptz NOT NULL,
    version bigint NOT NULL,
    position bigint NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX ON read_models.billing_contracts (created_position DESC);
CREATE INDEX ON read_models.billing_contracts (number);
CREATE INDEX ON read_models.billing_contracts USING gin (customers);

CREATE TABLE read_models.billing_schedules (
    id uuid PRIMARY KEY,
    contract text NOT NULL,             -- its number
    contract_id uuid NOT NULL,
    kind text NOT NULL,                 -- cycle, run, milestone
    line text,
    period_from date NOT NULL,
    period_to date NOT NULL,
    run_date date NOT NULL,
    milestone text,
    closing boolean NOT NULL,
    status text NOT NULL,               -- active, inactive
    reason text,                        -- of inactive: invoiced, nothing_to_bill, cancelled
    day date,                           -- the last invoice date
    invoices jsonb NOT NULL,            -- [{id, reference, customer, deleted, superseded}], newest first
    customers text[] NOT NULL,          -- that have an invoice of it
    skipped jsonb NOT NULL,             -- [{line, code, reason, day}]
    received_lines bigint NOT NULL,     -- purchases that came to wait for it
    created_position bigint NOT NULL,
    last_event_at timestamptz NOT NULL,
    version bigint NOT NULL,
    position bigint NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX ON read_models.billing_schedules (run_date DESC, created_position DESC);
CREATE INDEX ON read_models.billing_schedules (contract_id, day DESC);
CREATE INDEX ON read_models.billing_schedules (contract, run_date DESC);
CREATE INDEX ON read_models.billing_schedules USING gin (customers);
CREATE INDEX ON read_models.billing_schedules (run_date DESC) WHERE skipped <> '[]';

INSERT INTO read_models.catalogue (name, topics) VALUES ('billing_contracts', '{billing-contract}');
