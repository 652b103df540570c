-- Which customer invoices are to be calculated, and what their prices depend on. Both are found from the feed (the
-- reaction_position `calculation` says how far), and can be made again from it.

-- Due after a pause without change, or some time after the first change. A row goes when it was calculated.
CREATE TABLE calculation_due (
    invoice     uuid        PRIMARY KEY,
    since       timestamptz NOT NULL,  -- of the first change that was not calculated yet
    changed     timestamptz NOT NULL,  -- of the last one
    position    bigint      NOT NULL,  -- of the last event that made it due
    cause       text        NOT NULL,  -- reference data that changed, or the event's type
    recheck     boolean     NOT NULL,  -- only reference data changed: it may be due for nothing
    lease_until timestamptz            -- a worker is at it
);
CREATE INDEX calculation_due_since ON calculation_due (since);

-- Invoices that are not final, to find those that a change of reference data may touch.
CREATE TABLE priced_invoice (
    invoice  uuid             PRIMARY KEY,
    customer text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    locked   boolean          NOT NULL DEFAULT false,  -- in approval: calculated when it is reopened
    inputs   text[]           NOT NULL DEFAULT '{}'    -- of its last calculation: pricing-rule/CODE, product/CODE,
                                                       -- currency/CODE of its costs
);
CREATE INDEX priced_invoice_customer ON priced_invoice (customer);
