"""The list of billing contracts and their schedule entries in PostgreSQL."""
