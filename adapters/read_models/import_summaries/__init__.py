"""The import summaries in PostgreSQL."""
