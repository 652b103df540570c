-- The purchase store: what was posted, append-only, and where each purchase is. Part of the record beside the events,
-- which hold its digests; backed up together with them.

CREATE TABLE purchase (
    seq          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id           uuid        NOT NULL UNIQUE,  -- UUIDv5 of purchase:CUSTOMER:KEY
    key          text COLLATE "C" NOT NULL,
    customer     text COLLATE "C" NOT NULL,
    product      text COLLATE "C" NOT NULL,
    subscription text COLLATE "C",
    quantity     numeric(53, 15) NOT NULL,
    unit         text COLLATE "C",
    day          date        NOT NULL,         -- in the customer's time zone
    occurred_at  timestamptz NOT NULL,
    cost         numeric(53, 15),              -- null: not known; zero is a cost
    currency     text COLLATE "C",             -- of the cost
    reference    text COLLATE "C",             -- of an ad hoc invoice
    corrects     uuid,                         -- the purchase that this negative one takes back
    attributes   text,                         -- JSON object as posted
    digest       text COLLATE "C" NOT NULL,    -- SHA-256 (hex) over all that was posted of it
    accepted_at  timestamptz NOT NULL,
    actor        text        NOT NULL
);
CREATE INDEX purchase_customer ON purchase (customer, day, seq);
CREATE INDEX purchase_reference ON purchase (reference, seq) WHERE reference IS NOT NULL;

CREATE FUNCTION refuse_changed_purchases() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Purchases are never changed or removed; a correction is a negative purchase.';
END $$;
CREATE TRIGGER purchases_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON purchase
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_changed_purchases();

-- Where each purchase is. One destination, ever: decided on acceptance, decided again only while nothing final holds it.
CREATE TABLE purchase_place (
    seq             bigint      PRIMARY KEY REFERENCES purchase,
    state           text COLLATE "C" NOT NULL,  -- arriving, waiting, invoiced, held, unrouted, excluded, cancelled
    destination     uuid,                       -- the customer invoice it goes to, waits for or is on
    batch           uuid,                       -- the batch of customer-invoice.purchases-added that it is in
    reference_final boolean     NOT NULL DEFAULT false,  -- its ad hoc invoice was final, so the periodical one has it
    reason          text,                       -- of held, unrouted, excluded, cancelled
    since           timestamptz NOT NULL
);
CREATE INDEX purchase_place_arriving ON purchase_place (destination, seq) WHERE state = 'arriving';
CREATE INDEX purchase_place_waiting ON purchase_place (destination, seq) WHERE state = 'waiting';
CREATE INDEX purchase_place_batch ON purchase_place (batch, seq) WHERE batch IS NOT NULL;
CREATE INDEX purchase_place_destination ON purchase_place (destination, seq) WHERE state = 'invoiced';
CREATE INDEX purchase_place_odd ON purchase_place (state, since, seq) WHERE state IN ('held', 'unrouted', 'excluded');

-- Which periodical invoices there are. One row for each, written in the transaction that creates the invoice.
CREATE TABLE invoice_period (
    customer    text COLLATE "C" NOT NULL,
    period_from date NOT NULL,
    period_to   date NOT NULL,                  -- the last day
    invoice     uuid NOT NULL UNIQUE,
    PRIMARY KEY (customer, period_from)
);
