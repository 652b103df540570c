"""The problem invoices in PostgreSQL."""
