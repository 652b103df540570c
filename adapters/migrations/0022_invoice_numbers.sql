-- Exact counts of parts of numbers: numbers run on, so they are kept by the thousand, a bit for each that is taken. How
-- many have a part is then told by a look at one row for every thousand, and so is which they are.
CREATE TABLE read_models.invoice_numbers (
    lead     text NOT NULL,      -- before the digits that run, in small letters
    width    integer NOT NULL,   -- how many digits, 3 at most
    rest     text NOT NULL,      -- after them
    taken    bit(1000) NOT NULL, -- which of them are there
    earliest bigint[] NOT NULL,  -- all are between these in the list's order: days of the period's end, creation
    latest   bigint[] NOT NULL,
    PRIMARY KEY (lead, width, rest)
) WITH (fillfactor = 50);

-- A number as its thousand and its place there: the last digits of the longest run that is not the year of the approval.
-- Any choice counts right; this one makes few rows of every pattern a series can have.
CREATE FUNCTION read_models.number_place(number text, approved date)
RETURNS TABLE (lead text, width integer, rest text, place integer) LANGUAGE sql IMMUTABLE ROWS 1 AS $$
    SELECT left(s.small, r.past - 1 - r.width), r.width, substr(s.small, r.past),
        coalesce(nullif(substr(s.small, r.past - r.width, r.width), '')::integer, 0)
    FROM (
        SELECT lower($1) AS small, replace(lower($1), coalesce(to_char($2, 'YYYY'), ''), 'yyyy') AS shape
    ) AS s, LATERAL (
        SELECT past, least(length, 3) AS width FROM (
            SELECT i, regexp_instr(s.shape, '[0-9]+', 1, i, 1) AS past, length(regexp_substr(s.shape, '[0-9]+', 1, i))
            FROM generate_series(1, regexp_count(s.shape, '[0-9]+')) AS i
            UNION ALL SELECT 0, length(s.shape) + 1, 0
        ) AS runs ORDER BY length DESC, i DESC LIMIT 1
    ) AS r
$$;

-- Where an invoice is in the list's order, see invoice_numbers.
CREATE FUNCTION read_models.list_place(period_to date, created_position bigint) RETURNS bigint[]
LANGUAGE sql IMMUTABLE AS $$ SELECT ARRAY[period_to - '2000-01-01'::date, created_position] $$;

-- Where bits are set, from 0: the text between them tells how far apart they are.
CREATE FUNCTION read_models.places(bits bit) RETURNS SETOF integer LANGUAGE sql IMMUTABLE ROWS 10 AS $$
    SELECT (sum(length(gap) + 1) OVER (ORDER BY n))::integer - 1
    FROM unnest(string_to_array(rtrim($1::text, '0'), '1')) WITH ORDINALITY AS g (gap, n)
    ORDER BY n LIMIT bit_count($1)
$$;

-- The numbers that one statement brought or took away, under the lock of the counts: see keep_invoice_counts.
CREATE FUNCTION read_models.keep_invoice_numbers() RETURNS trigger LANGUAGE plpgsql SET jit = off AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM read_models.invoice_numbers;
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN  -- apart: `went` is not there for one that inserts
        IF EXISTS (SELECT FROM went WHERE number IS NOT NULL) THEN
            PERFORM pg_advisory_xact_lock(hashtext('read_models.invoice_counts'), 0);
            UPDATE read_models.invoice_numbers AS k SET taken = k.taken & ~ g.gone
            FROM (
                SELECT p.lead, p.width, p.rest, bit_or(B'1'::bit(1000) >> p.place) AS gone
                FROM went AS r, read_models.number_place(r.number, r.approval_date) AS p
                WHERE r.number IS NOT NULL GROUP BY 1, 2, 3
            ) AS g
            WHERE (k.lead, k.width, k.rest) = (g.lead, g.width, g.rest);
        END IF;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        IF EXISTS (SELECT FROM came WHERE number IS NOT NULL) THEN
            PERFORM pg_advisory_xact_lock(hashtext('read_models.invoice_counts'), 0);
            INSERT INTO read_models.invoice_numbers AS k
            SELECT p.lead, p.width, p.rest, bit_or(B'1'::bit(1000) >> p.place),
                min(read_models.list_place(r.period_to, r.created_position)),
                max(read_models.list_place(r.period_to, r.created_position))
            FROM came AS r, read_models.number_place(r.number, r.approval_date) AS p
            WHERE r.number IS NOT NULL GROUP BY 1, 2, 3
            ON CONFLICT (lead, width, rest) DO UPDATE SET
                taken = k.taken | excluded.taken, earliest = least(k.earliest, excluded.earliest),
                latest = greatest(k.latest, excluded.latest);
        END IF;
    END IF;
    RETURN NULL;
END $$;

-- Lists the numbers anew, and has them kept from here on: for a table that was just made or moved here.
CREATE FUNCTION read_models.list_invoice_numbers() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('read_models.invoice_counts'), 0);
    DELETE FROM read_models.invoice_numbers;
    INSERT INTO read_models.invoice_numbers
    SELECT p.lead, p.width, p.rest, bit_or(B'1'::bit(1000) >> p.place),
            min(read_models.list_place(r.period_to, r.created_position)),
            max(read_models.list_place(r.period_to, r.created_position))
    FROM read_models.invoice_list AS r, read_models.number_place(r.number, r.approval_date) AS p
    WHERE r.number IS NOT NULL GROUP BY 1, 2, 3;
    CREATE OR REPLACE TRIGGER number_new AFTER INSERT ON read_models.invoice_list REFERENCING NEW TABLE AS came
        FOR EACH STATEMENT EXECUTE FUNCTION read_models.keep_invoice_numbers();
    CREATE OR REPLACE TRIGGER number_changed AFTER UPDATE ON read_models.invoice_list
        REFERENCING NEW TABLE AS came OLD TABLE AS went
        FOR EACH STATEMENT EXECUTE FUNCTION read_models.keep_invoice_numbers();
    CREATE OR REPLACE TRIGGER number_gone AFTER DELETE ON read_models.invoice_list REFERENCING OLD TABLE AS went
        FOR EACH STATEMENT EXECUTE FUNCTION read_models.keep_invoice_numbers();
    CREATE OR REPLACE TRIGGER number_none AFTER TRUNCATE ON read_models.invoice_list
        FOR EACH STATEMENT EXECUTE FUNCTION read_models.keep_invoice_numbers();
    ANALYZE read_models.invoice_numbers;
END $$;
DO $$ BEGIN PERFORM read_models.list_invoice_numbers(); END $$;

CREATE OR REPLACE FUNCTION read_models.moved_over(read_model text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF read_model = 'invoice_list' THEN
        PERFORM read_models.count_invoices();
        PERFORM read_models.list_invoice_numbers();
    END IF;
END $$;

-- The few that have a rare part are found by their numbers; a frequent part is met soon on the way from the newest.
CREATE INDEX ON read_models.invoice_list (lower(number)) WHERE number IS NOT NULL;
CREATE INDEX ON read_models.invoice_list (period_to DESC, created_position DESC) INCLUDE (id, number)
    WHERE number IS NOT NULL;

-- Locked and final invoices have a snapshot and others have none: without knowing, the planner expects next to no row.
CREATE STATISTICS read_models.invoice_list_snapshots (mcv) ON status, snapshot_version FROM read_models.invoice_list;
