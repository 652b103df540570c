-- Exact counts of the invoice list in milliseconds: how many invoices there are by what is searched for most, kept by
-- triggers in the transaction that changes the rows; and indexes for totals, clusters, parts of numbers.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- what: all; period (value: last day/first day); total (bucket); cluster (value: that of the snapshot, '' for none).
-- ready_from is that of open invoices, -infinity of others.
CREATE TABLE read_models.invoice_counts (
    what         text COLLATE "C" NOT NULL,
    value        text COLLATE "C" NOT NULL,
    bucket       integer NOT NULL,
    status       text COLLATE "C" NOT NULL,
    invoice_type text COLLATE "C" NOT NULL,
    empty        boolean NOT NULL,
    ready_from   date NOT NULL,
    n            bigint NOT NULL,
    PRIMARY KEY (what, value, bucket, status, invoice_type, empty, ready_from)
) WITH (fillfactor = 50);

-- Totals in order: 0; below 1 by cents; else digits before the point, and the first two of them. Negative ones mirrored.
CREATE FUNCTION read_models.total_bucket(total numeric) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT sign(total)::integer * CASE
        WHEN total = 0 THEN 0
        WHEN abs(total) < 1 THEN 1 + trunc(abs(total) * 100)::integer
        ELSE length(trunc(abs(total))::text) * 100
            + trunc(abs(total) * 100 / (10::numeric ^ length(trunc(abs(total))::text)))::integer
    END
$$;

-- The cells that an invoice is counted in.
CREATE FUNCTION read_models.invoice_cells(
    status text, invoice_type text, items bigint, lines bigint, ready_from date, period_from date, period_to date,
    revenue_total numeric, snapshot_version bigint, snapshot_cluster text
) RETURNS TABLE (what text, value text, bucket integer, status text, invoice_type text, empty boolean, ready_from date)
LANGUAGE sql IMMUTABLE ROWS 4 AS $$
    SELECT c.what, c.value, c.bucket, $1, $2, coalesce($3, $4) = 0,
        CASE $1 WHEN 'open' THEN $5 ELSE '-infinity' END
    FROM (VALUES
        ('all', '', 0),
        ('period', to_char($7, 'YYYY-MM-DD/') || to_char($6, 'YYYY-MM-DD'), 0),
        ('total', '', read_models.total_bucket(coalesce($8, 0))),
        (CASE WHEN $9 IS NOT NULL THEN 'cluster' END, coalesce($10, ''), 0)
    ) AS c (what, value, bucket)
    WHERE c.what IS NOT NULL
$$;

-- One statement's changes, under a lock: projectors of other partitions count, too, and cells are few.
-- A few rows, whatever the planner takes a statement's changes to be: compiling would cost more than counting.
CREATE FUNCTION read_models.keep_invoice_counts() RETURNS trigger LANGUAGE plpgsql SET jit = off AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('read_models.invoice_counts'), 0);
    IF TG_OP = 'INSERT' THEN
        INSERT INTO read_models.invoice_counts AS k
        SELECT c.*, count(*)
        FROM came AS r, read_models.invoice_cells(r.status, r.invoice_type, r.items, r.lines, r.ready_from,
            r.period_from, r.period_to, r.revenue_total, r.snapshot_version, r.snapshot_cluster) AS c
        GROUP BY 1, 2, 3, 4, 5, 6, 7
        ON CONFLICT (what, value, bucket, status, invoice_type, empty, ready_from) DO UPDATE SET n = k.n + excluded.n;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO read_models.invoice_counts AS k
        SELECT c.*, sum(r.by)
        FROM (SELECT 1 AS by, * FROM came UNION ALL SELECT -1, * FROM went) AS r,
            read_models.invoice_cells(r.status, r.invoice_type, r.items, r.lines, r.ready_from,
                r.period_from, r.period_to, r.revenue_total, r.snapshot_version, r.snapshot_cluster) AS c
        GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(r.by) <> 0
        ON CONFLICT (what, value, bucket, status, invoice_type, empty, ready_from) DO UPDATE SET n = k.n + excluded.n;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO read_models.invoice_counts AS k
        SELECT c.*, -count(*)
        FROM went AS r, read_models.invoice_cells(r.status, r.invoice_type, r.items, r.lines, r.ready_from,
            r.period_from, r.period_to, r.revenue_total, r.snapshot_version, r.snapshot_cluster) AS c
        GROUP BY 1, 2, 3, 4, 5, 6, 7
        ON CONFLICT (what, value, bucket, status, invoice_type, empty, ready_from) DO UPDATE SET n = k.n + excluded.n;
    ELSE
        DELETE FROM read_models.invoice_counts;
    END IF;
    RETURN NULL;
END $$;

-- Counts anew, and has the table counted from here on: for a table that was just made or moved here.
CREATE FUNCTION read_models.count_invoices() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('read_models.invoice_counts'), 0);
    DELETE FROM read_models.invoice_counts;
    INSERT INTO read_models.invoice_counts
    SELECT c.*, count(*)
    FROM read_models.invoice_list AS r, read_models.invoice_cells(r.status, r.invoice_type, r.items, r.lines,
        r.ready_from, r.period_from, r.period_to, r.revenue_total, r.snapshot_version, r.snapshot_cluster) AS c
    GROUP BY 1, 2, 3, 4, 5, 6, 7;
    CREATE OR REPLACE TRIGGER count_new AFTER INSERT ON read_models.invoice_list REFERENCING NEW TABLE AS came
        FOR EACH STATEMENT EXECUTE FUNCTION read_models.keep_invoice_counts();
    CREATE OR REPLACE TRIGGER count_changed AFTER UPDATE ON read_models.invoice_list
        REFERENCING NEW TABLE AS came OLD TABLE AS went
        FOR EACH STATEMENT EXECUTE FUNCTION read_models.keep_invoice_counts();
    CREATE OR REPLACE TRIGGER count_gone AFTER DELETE ON read_models.invoice_list REFERENCING OLD TABLE AS went
        FOR EACH STATEMENT EXECUTE FUNCTION read_models.keep_invoice_counts();
    CREATE OR REPLACE TRIGGER count_none AFTER TRUNCATE ON read_models.invoice_list
        FOR EACH STATEMENT EXECUTE FUNCTION read_models.keep_invoice_counts();
END $$;
DO $$ BEGIN PERFORM read_models.count_invoices(); END $$;

-- What has to be done when the tables of a read model were replaced by others.
CREATE FUNCTION read_models.moved_over(read_model text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF read_model = 'invoice_list' THEN
        PERFORM read_models.count_invoices();
    END IF;
END $$;

CREATE INDEX ON read_models.invoice_list (status, (coalesce(revenue_total, 0))) INCLUDE (revenue_total);
CREATE INDEX ON read_models.invoice_list (snapshot_cluster, status, period_to DESC, created_position DESC)
    WHERE snapshot_version IS NOT NULL;
CREATE INDEX ON read_models.invoice_list (status, customer, period_to DESC, created_position DESC) INCLUDE (id)
    WHERE snapshot_version IS NULL;
CREATE INDEX ON read_models.invoice_list (ready_from) WHERE status = 'open';
CREATE INDEX ON read_models.invoice_list (approval_date) WHERE approval_date IS NOT NULL;
CREATE INDEX ON read_models.invoice_list USING gin (lower(number) gin_trgm_ops) WHERE number IS NOT NULL;
CREATE INDEX ON read_models.invoice_list USING gin (lower(reference) gin_trgm_ops);
