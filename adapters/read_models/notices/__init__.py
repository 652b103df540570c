"""The notices in PostgreSQL."""
