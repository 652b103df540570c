"""The approval queue in PostgreSQL: rows of the invoice list."""
