"""Post-invoicing tasks of customer invoices, as their last facts leave them."""
