"""The library's recorder on our table: what is written through it goes through the one append function too.

So a tool made for `eventsourcing` can read the record, and whatever appends, appends under the same lock, in the same
order, into the same log. Events that come this way have no envelope (the library knows none) and no hash; ours come
through the store. The library's own flag for database functions is never set: its function takes no lock, and readers
that tail the record then miss events.
"""

from collections.abc import Sequence
from typing import Any, Final
from weakref import WeakSet

from eventsourcing.persistence import InterfaceError, OperationalError, ProgrammingError, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from eventsourcing.utils import retry
from psycopg import Connection
from psycopg.rows import tuple_row

from adapters.event_store.packing import (
    NULL_BYTES,
    NULL_DATE,
    NULL_INSTANT,
    NULL_TEXT,
    NULL_UUID,
    NewAnswers,
    NewClaims,
    NewEvents,
    NewWrites,
    pack_bigint,
    pack_bytes,
    pack_int,
    pack_text,
    register_records_sync,
)
from adapters.sql_files import load_sql

_APPEND = load_sql("adapters.event_store")["append_events"].encode()
# occurred, day, zone, actor, agent, command, correlation, causation, trace, previous, hash
_NO_ENVELOPE: Final = NULL_INSTANT + NULL_DATE + NULL_TEXT * 3 + NULL_UUID + NULL_TEXT * 3 + NULL_BYTES * 2


class LedgerRecorder(PostgresApplicationRecorder):
    """Appends in one round trip; reads as the library does. The table comes from our migrations."""

    def __init__(self, datastore: PostgresDatastore) -> None:
        if datastore.enable_db_functions:
            raise ProgrammingError("POSTGRES_ENABLE_DB_FUNCTIONS must not be set: readers would miss events")
        if datastore.originator_id_type != "text":
            raise ProgrammingError("streams are named kind/uuid: the datastore needs originator_id_type='text'")
        super().__init__(datastore, events_table_name="stored_events")
        self._taught: WeakSet[Connection[Any]] = WeakSet()

    def create_table(self) -> None:
        """Do nothing: `adapters.migrate` made the table."""

    @retry((InterfaceError, OperationalError), max_attempts=10, wait=0.2)
    def insert_events(self, stored_events: Sequence[StoredEvent], **_: object) -> Sequence[int] | None:
        """Append as one save; the positions. Raises the library's IntegrityError for a version that is there."""
        if not stored_events:
            return []
        events = NewEvents([_packed(stored_events)])
        arguments = (NewWrites(()), events, NewClaims(()), NewAnswers(()), b"", False)
        with self.datastore.get_connection() as connection:
            if connection not in self._taught:  # before a cursor is made of it, which copies what it knows
                register_records_sync(connection)
                self._taught.add(connection)
            with connection.cursor(row_factory=tuple_row) as cursor:
                row = cursor.execute(_APPEND, arguments, prepare=True).fetchone()
        base = row[0] if row else 0
        return list(range(base + 1, base + 1 + len(stored_events)))


def _packed(events: Sequence[StoredEvent]) -> list[bytes]:
    size = pack_int(len(events))
    return [
        b"".join(
            (
                pack_int(index),
                size,
                pack_text(str(event.originator_id)),
                pack_text(str(event.originator_id).partition("/")[0]),
                pack_bigint(event.originator_version),
                pack_text(event.topic),
                pack_bytes(event.state),
                NULL_UUID,
                pack_int(1),
                NULL_UUID,
                _NO_ENVELOPE,
            )
        )
        for index, event in enumerate(events)
    ]
