"""Problems that are no invoice's, found in PostgreSQL."""
