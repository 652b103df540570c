-- Milestones of fixed-price lines: those that the last run of their line did not bill are a problem.
ALTER TABLE read_models.contract_lines
    ADD COLUMN milestones jsonb NOT NULL DEFAULT '[]';  -- of a fixed price: [{name, day, amount, ready}], as they are now
CREATE INDEX ON read_models.billing_schedules (contract_id, line, milestone) WHERE kind = 'milestone';
