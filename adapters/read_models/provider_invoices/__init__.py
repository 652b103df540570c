"""The provider invoice list in PostgreSQL."""
