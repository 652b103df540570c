"""The line store on PostgreSQL: lines as COPYed rows, references resolved by sets, what activation fixed kept for good.

`PostgresLineStore(pool)` is the port for commands; `ROW_WRITERS` go to the event store, for rows that ride in a save.
"""

from adapters.line_store.row_writers import ROW_WRITERS
from adapters.line_store.store import PostgresLineStore

__all__ = ["ROW_WRITERS", "PostgresLineStore"]
