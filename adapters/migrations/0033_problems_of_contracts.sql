-- What is looked for among schedule entries: lines that have had their last run, and entries with a superseded invoice.
CREATE INDEX ON read_models.billing_schedules (contract_id, line) WHERE closing AND status = 'inactive';
CREATE INDEX ON read_models.billing_schedules (id) WHERE invoices @> '[{"superseded": true, "deleted": false}]';
