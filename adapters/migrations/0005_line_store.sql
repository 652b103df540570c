-- The line store: lines of provider invoices, append-only, and what activation fixed about them for good.
-- It is part of the record beside the events, which hold its digests.

-- A population is one part (a file, an upload, an adjustment's difference) as it was read once. One that no event names
-- is the rest of an upload that broke off, and is purged. Parts carried over to a later attempt keep their population.
CREATE TABLE line_population (
    population       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    provider_invoice uuid        NOT NULL,
    attempt          integer     NOT NULL,  -- that it was made for
    part             text        NOT NULL,
    customer_name    text,                  -- the attribute with the customer's display name, if there is one
    product_name     text,
    created_at       timestamptz NOT NULL
);
CREATE INDEX line_population_invoice ON line_population (provider_invoice);

-- The columns from `number` on are the canonical ones, in order: see COPY_COLUMNS in commands/ports/provider_files.py.
CREATE TABLE provider_line (
    population       bigint          NOT NULL,
    number           integer         NOT NULL,  -- unique in the attempt
    kind             text COLLATE "C" NOT NULL,
    charge           text COLLATE "C" NOT NULL,
    customer_ref     text COLLATE "C",
    product_ref      text COLLATE "C",
    subscription_ref text COLLATE "C",
    charge_from      date            NOT NULL,
    charge_to        date            NOT NULL,  -- the last day
    quantity         numeric(38, 15),
    unit             text,
    unit_price       numeric(38, 15),
    amount           numeric(38, 15) NOT NULL,  -- net of tax
    tax              numeric(38, 15),
    currency         text COLLATE "C" NOT NULL,
    attributes       text,                      -- JSON object of the source's other columns
    PRIMARY KEY (population, number)
);
-- Planning for a table of a million lines should not wait for the next analyze.
ALTER TABLE provider_line SET (autovacuum_analyze_scale_factor = 0.02);

CREATE FUNCTION refuse_changed_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Lines are never changed; a correction is a new part or an adjustment.';
END $$;
CREATE TRIGGER provider_lines_are_final BEFORE UPDATE ON provider_line
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_changed_lines();

-- One run of the references check over an attempt, as of the moment it ran. The run that an activation used is kept
-- for ever: a later re-mapping moves nothing.
CREATE TABLE line_resolution (
    resolution       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    provider_invoice uuid        NOT NULL,
    attempt          integer     NOT NULL,
    populations      bigint[]    NOT NULL,
    pass_on          text[]      NOT NULL,  -- charges that are billed on
    lines            bigint      NOT NULL,  -- how many, as the events say
    digest           text,                  -- SHA-256 (hex) over its line_reference and bill_from rows, once complete
    created_at       timestamptz NOT NULL
);

-- What each reference of the attempt meant in a period. '' is "the line names none".
CREATE TABLE line_reference (
    resolution bigint           NOT NULL,
    kind       text COLLATE "C" NOT NULL,  -- customer or product
    reference  text COLLATE "C" NOT NULL,
    valid_from date             NOT NULL,  -- -infinity: from ever
    valid_to   date             NOT NULL,  -- the first day it no longer holds; infinity: for ever
    code       text COLLATE "C",           -- null where it is not resold
    PRIMARY KEY (resolution, kind, reference, valid_from)
);

-- Customers that are billed from a day on only.
CREATE TABLE line_bill_from (
    resolution bigint           NOT NULL,
    customer   text COLLATE "C" NOT NULL,
    bill_from  date             NOT NULL,
    PRIMARY KEY (resolution, customer)
);

-- What an attempt holds for each customer: what can be billed on ('' as excluded), and what can't, by reason.
-- Lines of customers that are not resold have '' as customer.
CREATE TABLE line_tally (
    resolution bigint           NOT NULL,
    customer   text COLLATE "C" NOT NULL,
    excluded   text COLLATE "C" NOT NULL,
    lines      integer          NOT NULL,
    cost       numeric          NOT NULL,
    digest     text,       -- of what can be billed on: SHA-256 (hex) over its `number,cost` rows in order of number
    numbers    integer[],  -- of what can be billed on: its line numbers in order
    PRIMARY KEY (resolution, customer, excluded)
);

-- The run of the check that an activated attempt was activated with.
CREATE TABLE line_activation (
    provider_invoice uuid    NOT NULL,
    attempt          integer NOT NULL,
    resolution       bigint  NOT NULL,
    PRIMARY KEY (provider_invoice, attempt)
);

-- What errors.csv lists: what an attempt's last try found missing.
CREATE TABLE line_finding (
    provider_invoice uuid    NOT NULL,
    attempt          integer NOT NULL,
    number           integer NOT NULL,  -- from 1, in the order they are listed
    kind             text    NOT NULL,
    reference        text    NOT NULL,
    name             text,
    lines            bigint  NOT NULL,
    first_lines      integer[] NOT NULL,
    amount           numeric NOT NULL,
    hint             text    NOT NULL,
    PRIMARY KEY (provider_invoice, attempt, number)
);

-- What warnings.csv lists: what was odd about the lines of a part as it was read.
CREATE TABLE line_warning (
    population  bigint  NOT NULL,
    number      integer NOT NULL,  -- from 1, in the order they are listed
    kind        text    NOT NULL,
    reference   text    NOT NULL,
    name        text,
    lines       bigint  NOT NULL,
    first_lines integer[] NOT NULL,
    amount      numeric NOT NULL,
    hint        text    NOT NULL,
    PRIMARY KEY (population, number)
);

-- Why a line is not billed on; null: it is. The one place of this rule. A plain expression, so that it costs no call.
CREATE FUNCTION exclusion(
    p_kind text, p_charge text, p_day date, p_customer text, p_product text, p_bill_from date, p_pass_on text[]
) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_customer IS NULL OR p_product IS NULL THEN 'not_resold'
                WHEN p_charge = 'tax' AND NOT (p_kind = 'usage' AND 'tax' = ANY (p_pass_on)) THEN 'tax'
                WHEN p_kind = 'licence' THEN 'licence'
                WHEN p_charge = ANY (p_pass_on) THEN CASE WHEN p_day < p_bill_from THEN 'before_bill_from' END
                WHEN p_charge IN ('purchase', 'credit') THEN p_charge
                ELSE 'not_resold' END
$$;

-- Each line of populations as a resolution sees it: whose it is, and why it is not billed on. A plain SELECT, so that it
-- is planned as part of the statement that asks.
CREATE FUNCTION lines_resolved(p_resolution bigint, p_populations bigint[], p_pass_on text[])
RETURNS TABLE (population bigint, number integer, customer text, product text, excluded text, amount numeric)
LANGUAGE sql STABLE AS $$
    SELECT l.population, l.number, c.code, p.code,
           exclusion(l.kind, l.charge, l.charge_from, c.code, p.code, b.bill_from, p_pass_on), l.amount
    FROM provider_line l
    LEFT JOIN line_reference c ON c.resolution = p_resolution AND c.kind = 'customer'
         AND c.reference = coalesce(l.customer_ref, '')
         AND l.charge_from >= c.valid_from AND l.charge_from < c.valid_to
    LEFT JOIN line_reference p ON p.resolution = p_resolution AND p.kind = 'product'
         AND p.reference = coalesce(l.product_ref, '')
         AND l.charge_from >= p.valid_from AND l.charge_from < p.valid_to
    LEFT JOIN line_bill_from b ON b.resolution = p_resolution AND b.customer = c.code
    WHERE l.population = ANY (p_populations)
$$;
