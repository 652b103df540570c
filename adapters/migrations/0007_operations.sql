-- Long work: an operation, a row for each of its items, and what imports need to be taken up by another worker.

-- One piece of long work that somebody asked for. Who works on it holds a lease; `token` grows with every worker that
-- takes it, and whatever is written for it is written under its token: a worker that lost it can change nothing.
CREATE TABLE operation (
    operation        uuid PRIMARY KEY,
    kind             text        NOT NULL,
    natural_key      text        NOT NULL,  -- while one with it is open, asking again gives that one
    input            jsonb       NOT NULL,
    unit             text        NOT NULL,  -- what done and total count: items, or lines of one import
    actor            text        NOT NULL,  -- on whose behalf its commands run
    agent            text,
    command_id       uuid        NOT NULL,
    correlation_id   text        NOT NULL,
    traceparent      text,
    status           text        NOT NULL DEFAULT 'queued'
                     CHECK (status IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    done             bigint      NOT NULL DEFAULT 0,
    total            bigint,
    cancel_requested boolean     NOT NULL DEFAULT false,
    message          text,                  -- how it ended, in a sentence
    tries            integer     NOT NULL DEFAULT 0,  -- times that a worker took it
    losses           integer     NOT NULL DEFAULT 0,  -- workers lost since something was done
    token            bigint      NOT NULL DEFAULT 0,
    worker           text,
    lease_until      timestamptz,           -- by the database's clock; a test clock stands still
    not_before       timestamptz,           -- null: at once
    created_at       timestamptz NOT NULL,
    started_at       timestamptz,
    ended_at         timestamptz
);
CREATE UNIQUE INDEX operation_open ON operation (kind, natural_key) WHERE status IN ('queued', 'running');
CREATE INDEX operation_newest ON operation (created_at DESC, operation);

-- What became of one item, written in the item's own transaction where it made events.
CREATE TABLE operation_item (
    operation uuid        NOT NULL REFERENCES operation,
    number    integer     NOT NULL,  -- from 1, in the order in which they ended
    name      text        NOT NULL,
    outcome   text        NOT NULL,
    detail    text,
    href      text,
    ended_at  timestamptz NOT NULL,
    PRIMARY KEY (operation, number),
    UNIQUE (operation, name)
);

-- An automatic import that has begun and not ended: who is at it, and since when nothing moved.
CREATE TABLE import_run (
    provider_invoice uuid PRIMARY KEY,
    provider         text        NOT NULL,
    invoice_number   text        NOT NULL,
    attempt          integer     NOT NULL DEFAULT 0,  -- 0: none has begun
    losses           integer     NOT NULL DEFAULT 0,  -- workers lost in this attempt
    holder           uuid,                            -- the operation at work; null: given back
    token            bigint      NOT NULL DEFAULT 0,
    lease_until      timestamptz,
    progress_at      timestamptz NOT NULL
);
CREATE INDEX import_run_holder ON import_run (holder);

-- How a file was read: the content of mapping files and splits, by the digest that events name. An import that another
-- worker takes up, or an adjustment, reads the file as it was read before, whatever the provider's list says by then.
CREATE TABLE file_mapping (
    digest  text COLLATE "C" PRIMARY KEY,
    content jsonb NOT NULL
);

-- What a provider listed when it was asked last.
CREATE TABLE provider_list (
    provider text COLLATE "C" PRIMARY KEY,
    asked_at timestamptz NOT NULL,
    listed   jsonb,       -- null: it has never been fetched
    problem  text         -- why it could not be fetched at `asked_at`
);

-- How far reactions have read the feed.
CREATE TABLE reaction_position (
    reaction text PRIMARY KEY,
    position bigint NOT NULL
);
