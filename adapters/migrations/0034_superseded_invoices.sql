-- The list of customer invoices: the newer invoice that has taken the place of one.
ALTER TABLE read_models.invoice_list ADD COLUMN superseded_by text;
