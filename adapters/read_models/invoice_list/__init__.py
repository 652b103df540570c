"""The customer invoice list in PostgreSQL."""
