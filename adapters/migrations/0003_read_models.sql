-- What readers see, and how far each projector has come.
-- Long because it is every read model's table, with what each column means beside it.
-- Rows live in the schema read_models. A rebuild makes a copy of a read model's tables (LIKE ... INCLUDING ALL) in the
-- schema read_models_next, fills it, and moves it over; so indexes are found by their columns, never by their names,
-- and a later migration that changes a table says with it that the read model is to be rebuilt (state 'outdated').
CREATE SCHEMA read_models;
CREATE SCHEMA read_models_next;

-- One row a read model. Events up to applied_to are in its rows already: the rebuild that made them put them there.
CREATE TABLE read_models.catalogue (
    name text PRIMARY KEY,
    version integer NOT NULL DEFAULT 1,
    state text NOT NULL DEFAULT 'live' CHECK (state IN ('live', 'outdated')),
    applied_to bigint NOT NULL DEFAULT 0,
    topics text[] NOT NULL
);

-- One row a partition of a lane. A lane is a group of projector processes that share the partitions.
-- epoch: raised by every new owner; who writes under an older one is refused.
-- applied: position of the last event applied; watermark: complete up to here.
CREATE TABLE read_models.positions (
    lane text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    generation bigint NOT NULL DEFAULT 0,
    next_offset bigint NOT NULL DEFAULT 0,
    epoch bigint NOT NULL DEFAULT 0,
    owner text,
    applied bigint NOT NULL DEFAULT 0,
    applied_recorded_at timestamptz,
    watermark bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (lane, topic, partition)
) WITH (fillfactor = 50);

-- changes is raised by whoever touches, from outside of the projectors, rows that those may have in memory.
CREATE TABLE read_models.lanes (
    lane text PRIMARY KEY,
    changes bigint NOT NULL DEFAULT 0
);

-- The last version applied of every stream: what is not above it is a repeat, what is more than one above is a gap.
CREATE TABLE read_models.streams (
    lane text NOT NULL,
    subject text NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (lane, subject)
) WITH (fillfactor = 70);

-- Events that could not be applied to a read model, and those of the same stream that wait behind them.
CREATE TABLE read_models.parked (
    lane text NOT NULL,
    read_model text NOT NULL,
    subject text NOT NULL,
    stream_version bigint NOT NULL,
    position bigint NOT NULL,
    record_key uuid NOT NULL,
    type text NOT NULL,
    record jsonb NOT NULL,
    data bytea NOT NULL,
    reason text,
    tries integer NOT NULL DEFAULT 0,
    parked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (lane, read_model, subject, stream_version)
);
CREATE INDEX ON read_models.parked (read_model, record_key);

CREATE TABLE read_models.provider_invoices (
    id uuid PRIMARY KEY,
    provider text NOT NULL,
    number text NOT NULL,
    source text NOT NULL,
    status text NOT NULL,
    status_reason text,
    reasons text[] NOT NULL,
    messages text[] NOT NULL,
    import_code text,
    attempt integer NOT NULL,
    tries integer NOT NULL,
    revision text,
    currency text NOT NULL,
    total numeric NOT NULL,
    tax_included boolean NOT NULL,
    invoice_date date NOT NULL,
    period_from date NOT NULL,
    period_to date NOT NULL,
    lines bigint NOT NULL,
    excluded_lines bigint,
    customers integer,
    licence_total numeric,
    usage_total numeric,
    tax_total numeric,
    lines_total numeric,
    difference numeric,
    can_be_overridden boolean NOT NULL,
    overridden numeric,
    overridden_by text,
    overridden_reason text,
    overridden_at timestamptz,
    change_open boolean NOT NULL,
    change_revision text,
    change_total numeric,
    change_message text,
    change_reported_at timestamptz,
    adjusts uuid,
    adjusts_number text,
    adjustments jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    created_position bigint NOT NULL,
    attempt_started_at timestamptz NOT NULL,
    attempt_ended_at timestamptz,
    activated_at timestamptz,
    last_event_at timestamptz NOT NULL,
    version bigint NOT NULL,
    position bigint NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX ON read_models.provider_invoices (period_to DESC, created_position DESC);
CREATE INDEX ON read_models.provider_invoices (provider, number);

CREATE TABLE read_models.provider_invoice_usage (
    id uuid PRIMARY KEY,
    provider_invoice uuid NOT NULL,
    provider text NOT NULL,
    number text NOT NULL,
    attempt integer NOT NULL,
    customer text NOT NULL,
    currency text NOT NULL,
    billable_lines bigint NOT NULL,
    billable_cost numeric NOT NULL,
    offered_lines bigint NOT NULL,
    offered_cost numeric NOT NULL,
    waiting_lines bigint NOT NULL,
    waiting_cost numeric NOT NULL,
    invoiced_lines bigint NOT NULL,
    invoiced_cost numeric NOT NULL,
    released_lines bigint NOT NULL,
    released_cost numeric NOT NULL,
    withdrawn_lines bigint NOT NULL,
    withdrawn_cost numeric NOT NULL,
    excluded_lines bigint NOT NULL,
    excluded_cost numeric NOT NULL,
    excluded jsonb NOT NULL,
    version bigint NOT NULL,
    position bigint NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX ON read_models.provider_invoice_usage (provider_invoice, attempt, customer);

CREATE TABLE read_models.invoice_list (
    id uuid PRIMARY KEY,
    number text,
    reference text NOT NULL,
    invoice_type text NOT NULL,
    customer text NOT NULL,
    customer_id uuid NOT NULL,
    contract text,
    schedule text,
    invoice_date date NOT NULL,
    period_from date NOT NULL,
    period_to date NOT NULL,
    currency text NOT NULL,
    revenue_total numeric,
    cost_total numeric NOT NULL,
    lines bigint NOT NULL,
    items bigint,
    status text NOT NULL,
    stale boolean NOT NULL,
    reason text,
    last_calculated timestamptz,
    created_at timestamptz NOT NULL,
    created_position bigint NOT NULL,
    changed_at timestamptz NOT NULL,
    version bigint NOT NULL,
    position bigint NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX ON read_models.invoice_list (period_to DESC, created_position DESC);
CREATE INDEX ON read_models.invoice_list (customer, period_to DESC);

CREATE TABLE read_models.problem_invoices (
    id uuid PRIMARY KEY,
    provider text NOT NULL,
    number text NOT NULL,
    source text NOT NULL,
    status_reason text,
    attempt integer NOT NULL,
    kinds text[] NOT NULL,
    messages text[] NOT NULL,
    import_code text,
    currency text NOT NULL,
    total numeric NOT NULL,
    missing integer,
    difference numeric,
    can_be_overridden boolean NOT NULL,
    provider_total numeric,
    provider_revision text,
    since timestamptz,
    tries integer NOT NULL,
    failing_days integer NOT NULL,
    last_failed_on date,
    last_event_at timestamptz NOT NULL,
    created_position bigint NOT NULL,
    version bigint NOT NULL,
    position bigint NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX ON read_models.problem_invoices (since DESC, id DESC) WHERE since IS NOT NULL;
CREATE INDEX ON read_models.problem_invoices (last_event_at) WHERE status_reason = 'populating';

CREATE TABLE read_models.import_days (
    key text PRIMARY KEY,
    provider_invoice uuid NOT NULL,
    provider text NOT NULL,
    number text NOT NULL,
    day date NOT NULL,
    outcome text,
    attempt integer NOT NULL,
    commit_id bigint NOT NULL,
    reasons text[] NOT NULL,
    messages text[] NOT NULL,
    currency text,
    total numeric,
    changed boolean NOT NULL,
    imported_total numeric,
    reported_total numeric,
    change_currency text,
    version bigint NOT NULL,
    position bigint NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX ON read_models.import_days (day, provider);

CREATE TABLE read_models.import_list_failures (
    key text PRIMARY KEY,
    sync uuid NOT NULL,
    day date NOT NULL,
    provider text NOT NULL,
    message text NOT NULL,
    at timestamptz NOT NULL,
    position bigint NOT NULL
);
CREATE INDEX ON read_models.import_list_failures (day, provider);

CREATE TABLE read_models.import_summary_mails (
    id uuid PRIMARY KEY,
    day date NOT NULL,
    zone text,
    message_id text NOT NULL,
    status text NOT NULL,
    recipients integer,
    tries integer NOT NULL,
    reason text,
    message text,
    retry_at timestamptz,
    built_at timestamptz,
    sent_at timestamptz,
    version bigint NOT NULL,
    position bigint NOT NULL
);
CREATE INDEX ON read_models.import_summary_mails (day);

CREATE TABLE read_models.reference_list (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    code text NOT NULL,
    body_version integer NOT NULL,
    name text,
    body jsonb NOT NULL,
    retired boolean NOT NULL,
    retired_reason text,
    erased boolean NOT NULL,
    created_at timestamptz NOT NULL,
    created_position bigint NOT NULL,
    saved_at timestamptz NOT NULL,
    version bigint NOT NULL,
    position bigint NOT NULL
);
CREATE UNIQUE INDEX ON read_models.reference_list (kind, code);

CREATE TABLE read_models.sync_runs (
    id uuid PRIMARY KEY,
    day date NOT NULL,
    provider text,
    manual boolean NOT NULL,
    invoice_number text,
    started_by text NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    imported integer,
    failed integer,
    changed integer,
    unchanged integer,
    results jsonb NOT NULL,
    list_failures jsonb NOT NULL,
    version bigint NOT NULL,
    position bigint NOT NULL
);
CREATE INDEX ON read_models.sync_runs (started_at DESC, id DESC);

CREATE TABLE read_models.notices (
    id uuid PRIMARY KEY,
    template text NOT NULL,
    subject text NOT NULL,
    name text NOT NULL,
    message_id text NOT NULL,
    status text NOT NULL,
    recipients integer,
    tries integer NOT NULL,
    reason text,
    message text,
    retry_at timestamptz,
    since timestamptz,
    sent_at timestamptz,
    created_position bigint NOT NULL,
    version bigint NOT NULL,
    position bigint NOT NULL
);
CREATE INDEX ON read_models.notices (created_position DESC);

INSERT INTO read_models.catalogue (name, topics) VALUES
    ('provider_invoices', '{provider-invoice}'),
    ('invoice_list', '{customer-invoice}'),
    ('problem_invoices', '{provider-invoice}'),
    ('import_summaries', '{provider-invoice,operations}'),
    ('reference_list', '{reference-data}'),
    ('sync_runs', '{operations}'),
    ('notices', '{operations}');
