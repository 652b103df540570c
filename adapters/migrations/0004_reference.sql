-- What is decided in the transaction of a save of reference data or keys, and looked up without folding streams.

-- Providers' own names for customers and products. At any day one identifier means one code: decided under an advisory
-- lock by the writer, because two periods of one code may touch and a code's rows are replaced as a whole.
-- The import joins this table to resolve lines as of their date.
CREATE TABLE reference_identifiers (
    kind       text COLLATE "C" NOT NULL,  -- customer or product
    provider   text COLLATE "C" NOT NULL,
    identifier text COLLATE "C" NOT NULL,
    code       text COLLATE "C" NOT NULL,
    valid_from date,                       -- null: from ever
    valid_to   date                        -- the first day it no longer holds; null: for ever
);
CREATE INDEX reference_identifiers_lookup ON reference_identifiers (provider, kind, identifier);
CREATE INDEX reference_identifiers_code ON reference_identifiers (kind, code);

-- Identifiers that are deliberately not billed on. They win over reference_identifiers.
CREATE TABLE not_resold (
    provider   text COLLATE "C" NOT NULL,
    kind       text COLLATE "C" NOT NULL,
    identifier text COLLATE "C" NOT NULL,
    reason     text             NOT NULL,
    PRIMARY KEY (provider, kind, identifier)
);

-- Which providers there are; their bodies are read from their streams.
CREATE TABLE reference_providers (
    code     text COLLATE "C" PRIMARY KEY,
    in_force boolean NOT NULL
);

-- API keys by the SHA-256 of their secret: what every request looks up.
CREATE TABLE api_keys (
    secret_sha256 text COLLATE "C" PRIMARY KEY,
    key           uuid        NOT NULL UNIQUE,
    subject       text        NOT NULL,
    roles         text[]      NOT NULL,
    delegate      boolean     NOT NULL,
    expires_at    timestamptz,
    revoked       boolean     NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL
);

-- Letters that are not out yet, and when each may be tried (again).
CREATE TABLE mail_outbox (
    subject text COLLATE "C" PRIMARY KEY,  -- the letter's stream: kind/uuid
    due_at  timestamptz NOT NULL
);
CREATE INDEX mail_outbox_due ON mail_outbox (due_at);
