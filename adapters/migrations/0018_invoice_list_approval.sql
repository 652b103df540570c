-- The invoice list gets what calculation and approval say of an invoice, and the indexes of its views.
-- Rows of invoices that went further than `pending` before this migration are to be folded anew: outdated, if any.
ALTER TABLE read_models.invoice_list
    ALTER cost_total DROP NOT NULL,
    ADD cost numeric NOT NULL DEFAULT 0,             -- of what it holds now, in its currency; cost_total is calculated
    ADD last_batch bigint NOT NULL DEFAULT 0,        -- stream version of the last purchases that came or left
    ADD ready_from date,                             -- the first day on which it can be approved, in its own zone
    ADD failure_code text,                           -- set while in error
    ADD failure_message text,
    ADD failure_product text,
    ADD failure_rule text,
    ADD failure_tries integer NOT NULL DEFAULT 0,
    ADD failing_since timestamptz,                   -- since when it failed, again and again
    ADD process text,                                -- set while approving, and after it
    ADD steps jsonb NOT NULL DEFAULT '[]',           -- [{group, approvals}]
    ADD four_eyes boolean NOT NULL DEFAULT false,
    ADD requested_by text,
    ADD requested_at timestamptz,
    ADD step integer,                                -- from 1, while approving
    ADD step_group text,                             -- of that step; null: any group that may approve invoices
    ADD approvers text[] NOT NULL DEFAULT '{}',      -- of that step, so far
    ADD steps_done jsonb NOT NULL DEFAULT '[]',      -- who approved each step before
    ADD barred text[] NOT NULL DEFAULT '{}',         -- who can't approve that step (again)
    ADD snapshot_version bigint,                     -- the customer as at the request, while locked or final
    ADD snapshot_name text,                          -- ciphertext
    ADD snapshot_cluster text,
    ADD comments integer NOT NULL DEFAULT 0,
    ADD series text,
    ADD approval_date date,
    ADD ended_by text,                               -- who approved or closed it
    ADD ended_at timestamptz;

UPDATE read_models.invoice_list SET
    cost = cost_total, cost_total = NULL, last_batch = version,
    ready_from = CASE invoice_type WHEN 'contract' THEN invoice_date ELSE period_to + 1 END;
ALTER TABLE read_models.invoice_list ALTER ready_from SET NOT NULL;
UPDATE read_models.catalogue SET state = 'outdated'
WHERE name = 'invoice_list' AND EXISTS (SELECT FROM read_models.invoice_list);

CREATE INDEX ON read_models.invoice_list (status, period_to DESC, created_position DESC);
CREATE INDEX ON read_models.invoice_list (step_group, period_to, customer, id) WHERE status = 'approving';
CREATE INDEX ON read_models.invoice_list (failing_since DESC, id DESC) WHERE status = 'error';
CREATE INDEX ON read_models.invoice_list (lower(reference));

-- Who belongs to a cluster, and which clusters lie in it.
CREATE INDEX ON read_models.reference_list ((body ->> 'cluster'), code) WHERE kind = 'customer';
CREATE INDEX ON read_models.reference_list ((body ->> 'parent'), code) WHERE kind = 'cluster';
