"""The list of customer invoices."""
