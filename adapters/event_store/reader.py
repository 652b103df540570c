"""The reading half of the store for blocking callers: relay, projector, command line."""

import threading
from collections.abc import Callable, Sequence
from typing import Any, Self, TypeVar

import psycopg
from psycopg import Connection

from adapters.event_store.codec import Codec
from adapters.event_store.connection import CONNECTION_OPTIONS
from adapters.event_store.loader import ALL
from adapters.event_store.rows import StoredRow, recorded, stored_row
from adapters.sql_files import load_sql
from commands.ports.event_store import Recorded, StoreUnavailable
from domain.identity import Stream

T = TypeVar("T")

_SQL = {name: text.encode() for name, text in load_sql("adapters.event_store").items()}


class EventReader:
    """Reads on one connection of its own, which is made at the first call and anew when it broke.

    Rows come as they are stored (`StoredRow`): the bytes as they go to a topic. `decode` makes records of them.
    """

    def __init__(self, url: str, codec: Codec | None = None) -> None:
        self._url = url
        self._codec = codec
        self._connection: Connection[tuple[Any, ...]] | None = None
        self._lock = threading.Lock()

    def read(
        self,
        after: int,
        limit: int,
        types: Sequence[str] = (),
        kinds: Sequence[str] = (),
        upto: int | None = None,
    ) -> list[StoredRow]:
        """Stored events above a position in order; no types or kinds means all. Raises StoreUnavailable."""
        wanted = {"after": after, "limit": limit, "types": list(types), "kinds": list(kinds)}
        return self._rows("feed", {**wanted, "upto": ALL if upto is None else upto})

    def history(self, stream: Stream, *, after: int = 0, limit: int = 1000) -> list[StoredRow]:
        """Stored events of a stream above a version. Raises StoreUnavailable."""
        return self._rows("stream_events", {"stream": str(stream), "after": after, "limit": limit})

    def head(self) -> int:
        """The position of the last event; 0 for an empty store."""
        return int(self._run(lambda connection: connection.execute(_SQL["head"]).fetchall())[0][0])

    def decode(self, rows: Sequence[StoredRow]) -> list[Recorded]:
        """The records of rows, facts decrypted and of the newest version. Raises UnreadableEvent."""
        if self._codec is None:
            raise ValueError("this reader was made without a codec: it cannot decode")
        return [recorded(row, self._codec) for row in rows]

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _rows(self, name: str, arguments: dict[str, object]) -> list[StoredRow]:
        def query(connection: Connection[tuple[Any, ...]]) -> list[StoredRow]:
            with connection.cursor(binary=True) as cursor:
                return [stored_row(row) for row in cursor.execute(_SQL[name], arguments)]

        return self._run(query)

    def _run(self, query: Callable[[Connection[tuple[Any, ...]]], T]) -> T:
        """Reading may be repeated: once more on a new connection when the old one had died unnoticed."""
        with self._lock:
            for last in (False, True):
                try:
                    if self._connection is None or self._connection.closed:
                        self._connection = psycopg.connect(
                            self._url, autocommit=True, application_name="ledgerline reader", **CONNECTION_OPTIONS
                        )
                    return query(self._connection)
                except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                    if self._connection is not None:
                        self._connection.close()
                    if last:
                        raise StoreUnavailable(f"The database does not answer: {error}") from error
        raise AssertionError("not reached")
