-- Licence lines of active provider invoices, by customer: they are billed by contracts, give those their cost, and feed
-- the lists of what was bought and not billed, or billed and not bought. Found from the feed (the reaction_position
-- `licences` says how far); can be made again from it and the line store.
CREATE TABLE licence (
    provider_invoice uuid             NOT NULL,
    attempt          integer          NOT NULL,
    number           integer          NOT NULL,  -- of the line
    customer         text COLLATE "C" NOT NULL,
    product          text COLLATE "C" NOT NULL,
    subscription     text COLLATE "C",           -- the provider's reference
    first_day        date             NOT NULL,
    last_day         date             NOT NULL,
    quantity         numeric,
    unit             text,
    cost             numeric          NOT NULL,
    currency         text COLLATE "C" NOT NULL,
    PRIMARY KEY (provider_invoice, attempt, number)
);
CREATE INDEX licence_subscription ON licence (customer, subscription, first_day) WHERE subscription IS NOT NULL;
CREATE INDEX licence_product ON licence (customer, product, first_day);

-- Lines of contracts, to compare them with.
CREATE TABLE read_models.contract_lines (
    id text PRIMARY KEY,                 -- contract id, colon, line
    contract text NOT NULL,              -- its number
    contract_id uuid NOT NULL,
    line text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    product text,
    subscription text,
    starts date NOT NULL,
    ends date,                           -- the line's own: the first day not billed
    quantities jsonb NOT NULL,           -- of a subscription: [{day, quantity}], as they were told
    price numeric,                       -- the last one told
    version bigint NOT NULL,
    position bigint NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX ON read_models.contract_lines (contract_id);
CREATE INDEX ON read_models.contract_lines (kind, contract, line);

INSERT INTO read_models.catalogue (name, topics) VALUES ('contract_lines', '{billing-contract}');
