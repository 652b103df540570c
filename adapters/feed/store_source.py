"""The record as the feed and the relay read it: one connection that reads and listens.

A notification is a hint only; whoever waits looks again after a short time anyway. After trouble the next call
connects anew.
"""

from collections.abc import Callable, Sequence
from typing import Any

import psycopg

from adapters.event_store.connection import CONNECTION_OPTIONS
from adapters.sql_files import load_sql
from domain.facts import TOPIC_OF_KIND
from projections.ports.feed import FeedRecord

CHANNEL = "stored_events"
"""On which the append notifies; what it carries is not looked at."""

_SQL = load_sql(__package__)


class UnknownKind(Exception):
    """A stream of a kind that this process has no topic for."""

    def __init__(self, kind: str) -> None:
        super().__init__(
            f"there are streams of kind {kind}, for which this version knows no topic: it is older than the process "
            "that wrote them; update it, then it goes on"
        )


def connect_to(url: str) -> Callable[[], "psycopg.Connection[Any]"]:
    """How to open a connection for a source: by-position plans whatever the statistics say, instants in UTC."""

    def connect() -> "psycopg.Connection[Any]":
        connection = psycopg.connect(url, autocommit=True, application_name="ledgerline feed", **CONNECTION_OPTIONS)
        connection.execute("SET TIME ZONE 'UTC'; SET enable_seqscan = off; SET jit = off", prepare=False)
        return connection

    return connect


class StoreSource:
    """Reads stored events as records. Methods raise psycopg's errors while the database is away. Not thread-safe."""

    def __init__(self, connect: Callable[[], "psycopg.Connection[Any]"]) -> None:
        self._connect = connect
        self._connection: psycopg.Connection[Any] | None = None

    def read(self, after: int, limit: int) -> Sequence[FeedRecord]:
        """Events above a position, in order, nothing left out."""
        return self._records("read_feed", {"after": after, "limit": limit})

    def read_kinds(self, after: int, upto: int, limit: int, kinds: Sequence[str]) -> Sequence[FeedRecord]:
        """Events of some kinds of streams above a position, up to one that `head` gave."""
        values = {"after": after, "upto": upto, "limit": limit, "kinds": list(kinds)}
        return self._records("read_feed_of_kinds", values)

    def head(self) -> int:
        """The position of the last event; 0 when there is none."""
        row = self.connection().execute(_SQL["head"], prepare=True).fetchone()
        return int(row[0]) if row else 0

    def wait(self, timeout: float) -> None:
        """Return on a notification, or one that came since the last call; at the latest after `timeout` seconds."""
        for _ in self.connection().notifies(timeout=timeout, stop_after=1):
            pass

    def connection(self) -> "psycopg.Connection[Any]":
        """The one connection, opened anew when it broke."""
        if self._connection is None or self._connection.closed:
            connection = self._connect()
            connection.execute(f"LISTEN {CHANNEL}")
            self._connection = connection
        return self._connection

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()

    def _records(self, statement: str, values: dict[str, object]) -> list[FeedRecord]:
        cursor = self.connection().cursor(binary=True)
        rows = cursor.execute(_SQL[statement], values, prepare=True).fetchall()
        # The columns come in the order of FeedRecord's fields: by name would cost a third of the reading.
        topics = TOPIC_OF_KIND
        make = FeedRecord._make
        try:
            return [make((topics[row[0]], 0, row[1], *row[1:])) for row in rows]
        except KeyError as unknown:
            raise UnknownKind(str(unknown)) from None
