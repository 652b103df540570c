"""The event store: facts on PostgreSQL, in the table shape of the `eventsourcing` library.

`PostgresEventStore.open(url, Codec(vault), row_writers=...)` is the port for commands.
"""

from adapters.event_store.codec import Codec
from adapters.event_store.store import ManyRowsWriter, PostgresEventStore, RowWriter

__all__ = ["Codec", "ManyRowsWriter", "PostgresEventStore", "RowWriter"]
