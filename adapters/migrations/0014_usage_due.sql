-- Usage that needs a destination: one row an offer with free lines. Found from the feed; can be made again from it.
CREATE TABLE usage_due (
    offer            uuid        PRIMARY KEY,
    provider_invoice uuid        NOT NULL,
    customer         text COLLATE "C" NOT NULL,
    state            text COLLATE "C" NOT NULL,  -- due; waiting: for an invoice that is locked or still to come; unrouted
    waits_for        uuid,                       -- the customer invoice
    reason           text,                       -- of unrouted
    since            timestamptz NOT NULL,       -- in this state
    looked_at        timestamptz NOT NULL
);
CREATE INDEX usage_due_due ON usage_due (since, provider_invoice) WHERE state = 'due';
CREATE INDEX usage_due_invoice ON usage_due (provider_invoice, state);
CREATE INDEX usage_due_waits ON usage_due (waits_for) WHERE waits_for IS NOT NULL;
CREATE INDEX usage_due_customer ON usage_due (customer);
CREATE INDEX usage_due_looked ON usage_due (looked_at) WHERE state <> 'due';

-- The first and last day of what can be billed on: whether it all belongs to one period is then known without its lines.
ALTER TABLE line_tally ADD COLUMN first_day date, ADD COLUMN last_day date;
