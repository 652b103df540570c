-- What people look for in a long list of provider invoices is rare: errors, overrides, one total, one kind of
-- problem. Where the list's own order does not soon come upon it, these find it: a million invoices in milliseconds, not
-- half a second. (A month long ago is found by walking the list: an index on dates was not used.)
CREATE INDEX ON read_models.provider_invoices (status_reason, period_to DESC, created_position DESC)
    WHERE status_reason <> 'active';
CREATE INDEX ON read_models.provider_invoices USING gin (reasons) WHERE cardinality(reasons) > 0;
CREATE INDEX ON read_models.provider_invoices (overridden_by, period_to DESC, created_position DESC)
    WHERE overridden_by IS NOT NULL;
CREATE INDEX ON read_models.provider_invoices (total);

CREATE INDEX ON read_models.problem_invoices USING gin (kinds) WHERE since IS NOT NULL;
CREATE INDEX ON read_models.problem_invoices (provider, since DESC, id DESC) WHERE since IS NOT NULL;
