-- Finds the approved invoices of a customer: what the law keeps a customer from being erased for.
CREATE FUNCTION approved_customer(state bytea) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT convert_from(state, 'UTF8')::jsonb #>> '{snapshot,code}'
$$;
CREATE INDEX stored_events_approved_customer ON stored_events (approved_customer(state))
    WHERE topic = 'customer-invoice.approved';
