"""The event store: facts on PostgreSQL, in the table shape of the `eventsourcing` library."""
