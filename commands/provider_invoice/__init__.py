"""What callers may do with provider invoices: one file a verb; each loads, folds, decides and settles."""
