-- The list of customer invoices: the contract that an invoice bills, and the entries of its schedules, of which one
-- invoice may bill several. Nothing had either before.
ALTER TABLE read_models.invoice_list DROP COLUMN schedule;
ALTER TABLE read_models.invoice_list ADD COLUMN schedules text[] NOT NULL DEFAULT '{}';
CREATE INDEX ON read_models.invoice_list (contract, period_to DESC) WHERE contract IS NOT NULL;
CREATE INDEX ON read_models.invoice_list USING gin (schedules) WHERE contract IS NOT NULL;
