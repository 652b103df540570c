-- Post-invoicing tasks of invoices as their last facts leave them: what failed, and what nobody knows for long, is a
-- problem.
CREATE TABLE read_models.invoice_tasks (
    id uuid PRIMARY KEY,                -- of the invoice
    customer text NOT NULL,
    reference text NOT NULL,
    number text,                        -- known once something was asked
    tasks jsonb NOT NULL,               -- [{task, status, round, tries, code, message, http_status, give_up_at}]
    failed_since timestamptz,           -- while one is failed
    unknown_since timestamptz,          -- while one is unknown
    version bigint NOT NULL,
    position bigint NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX ON read_models.invoice_tasks (failed_since DESC, id DESC) WHERE failed_since IS NOT NULL;
CREATE INDEX ON read_models.invoice_tasks (unknown_since DESC, id DESC) WHERE unknown_since IS NOT NULL;

INSERT INTO read_models.catalogue (name, topics) VALUES ('invoice_tasks', '{customer-invoice}');
