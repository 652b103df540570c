-- Lines from before their customer's `bill_from` that are billed on after all, as it was moved to an earlier day. Each time
-- is an offer of its own, whose ranges speak of these numbers only, so that what was said of other offers stays true.
CREATE TABLE line_included (
    offer      uuid             PRIMARY KEY,
    resolution bigint           NOT NULL,
    customer   text COLLATE "C" NOT NULL,
    since      date             NOT NULL,  -- the customer's bill_from now
    until      date             NOT NULL,  -- and before, exclusive: lines from then on were billed on already
    numbers    integer[]        NOT NULL,  -- in order
    first_day  date             NOT NULL,
    last_day   date             NOT NULL
);
CREATE UNIQUE INDEX line_included_of ON line_included (resolution, customer, since);

-- To find what a customer has that was not billed on.
CREATE INDEX line_tally_early ON line_tally (customer) WHERE excluded = 'before_bill_from';

-- The lines of offers, by what ranges of line numbers are said of: a customer, or an offer of lines that were included.
CREATE VIEW line_offered AS
    SELECT resolution, customer AS key, numbers, first_day, last_day FROM line_tally WHERE excluded = ''
    UNION ALL
    SELECT resolution, offer::text, numbers, first_day, last_day FROM line_included;

CREATE OR REPLACE FUNCTION lines_resolved(p_resolution bigint, p_populations bigint[], p_pass_on text[])
RETURNS TABLE (population bigint, number integer, customer text, product text, excluded text, amount numeric)
LANGUAGE sql STABLE AS $$
    SELECT l.population, l.number, c.code, p.code,
           exclusion(l.kind, l.charge, l.charge_from, c.code, p.code, coalesce(i.since, b.bill_from), p_pass_on), l.amount
    FROM provider_line l
    LEFT JOIN line_reference c ON c.resolution = p_resolution AND c.kind = 'customer'
         AND c.reference = coalesce(l.customer_ref, '')
         AND l.charge_from >= c.valid_from AND l.charge_from < c.valid_to
    LEFT JOIN line_reference p ON p.resolution = p_resolution AND p.kind = 'product'
         AND p.reference = coalesce(l.product_ref, '')
         AND l.charge_from >= p.valid_from AND l.charge_from < p.valid_to
    LEFT JOIN line_bill_from b ON b.resolution = p_resolution AND b.customer = c.code
    LEFT JOIN line_included i ON i.resolution = p_resolution AND i.customer = c.code
         AND l.charge_from >= i.since AND l.charge_from < i.until
    WHERE l.population = ANY (p_populations)
$$;
