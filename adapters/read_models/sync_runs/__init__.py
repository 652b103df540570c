"""The sync runs in PostgreSQL."""
