-- How far the relay has come: one row for each topic prefix it publishes under.

CREATE TABLE relay_position (
    name       text        PRIMARY KEY,                -- the topic prefix
    generation integer     NOT NULL DEFAULT 1,         -- of the topics' content; a rebuild starts the next one
    wanted     integer     NOT NULL DEFAULT 1,         -- above generation: a rebuild was asked for
    position   bigint      NOT NULL DEFAULT 0,         -- all events up to here are acknowledged by the broker
    starts     jsonb       NOT NULL DEFAULT '{}',      -- topic -> for each partition, where this generation begins
    ends       jsonb       NOT NULL DEFAULT '{}',      -- topic -> for each partition, below which those events lie
    changed_at timestamptz NOT NULL DEFAULT now()
);
