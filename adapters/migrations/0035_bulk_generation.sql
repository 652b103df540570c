-- What is asked of each target of a bulk operation (null: what the request says of all), and what its result tells
-- machines, such as the invoices that were made.
ALTER TABLE bulk_target ADD COLUMN asked jsonb;
ALTER TABLE operation_item ADD COLUMN data jsonb;
