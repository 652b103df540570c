"""The reference data in PostgreSQL."""
