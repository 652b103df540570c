"""Provider invoices that failed once, or were changed by their provider, and still need somebody."""
