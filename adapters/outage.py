"""A database that is away when a process starts: whether it will pass, and how long to wait until the next try.

libpq gives no SQLSTATE for a connection that could not be made, and its words may be in any language. So a server that
is starting, stopping or recovering is told from one that refuses us (a wrong password, no such database) by asking it:
libpq's ping says whether it takes connections at all, whoever we are.
"""

from collections.abc import Callable
from time import monotonic, sleep
from typing import Final

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn, Ping
from psycopg_pool import PoolTimeout

from adapters.event_store.connection import is_outage
from commands.ports.event_store import StoreUnavailable

START_PATIENCE: Final = 600.0
"""Seconds that a process waits at its start: longer than a big database takes to recover from a crash."""
_PAUSES: Final = (0.1, 2.0)
"""Seconds before the second try and, doubled each time, at most."""
_LOOKS: Final = 3
"""Times that a server has to refuse us while it takes connections: it may have come or gone between two looks."""
_LOOK_PAUSE: Final = 0.2
_CONNECT_SECONDS: Final = 2
"""The least that libpq allows: its ping holds up all threads of the process, so only a server that answers is asked."""
_TOO_LATE: Final = (PoolTimeout, psycopg.errors.ConnectionTimeout)
_FULL: Final = ("too many", "connection slots")
"""A server that has no connection left says so; others will give theirs back."""


def away(error: BaseException) -> bool:
    """Whether an error, or one that it was raised from, is of a database that can't be reached now."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, psycopg.Error):
            return is_outage(cause)
        if isinstance(cause, StoreUnavailable) and cause.__cause__ is None:
            return True
        cause = cause.__cause__
    return False


class Outage:
    """One wait for the database at `url` (None: the embedded one, which refuses nobody), over any number of tries."""

    def __init__(
        self, url: str | None, patience: float = START_PATIENCE, clock: Callable[[], float] = monotonic
    ) -> None:
        self._url = url and make_conninfo(url, connect_timeout=_CONNECT_SECONDS)
        self._patience = patience
        self._clock = clock
        self._began = clock()
        self._pause = _PAUSES[0]

    @property
    def seconds(self) -> float:
        """Since the first try."""
        return self._clock() - self._began

    def pause_after(self, error: Exception) -> float:
        """Seconds until the next try, after one that raised `error`. Blocks while it asks the server.

        Raises the error when it will not pass by itself, StoreUnavailable when the patience (seconds) is at an end.
        """
        if not away(error) or self._refuses(error):
            raise error
        if self.seconds > self._patience:
            raise StoreUnavailable(f"The database did not answer for {self._patience:g} s: {error}") from error
        pause, self._pause = self._pause, min(self._pause * 2, _PAUSES[1])
        return pause

    def _refuses(self, error: Exception) -> bool:
        """Whether the server is up and does not want us."""
        unnamed = isinstance(error, psycopg.OperationalError) and error.sqlstate is None
        if self._url is None or not unnamed or isinstance(error, _TOO_LATE):
            return False
        for look in range(_LOOKS):
            if look:
                sleep(_LOOK_PAUSE)
            try:
                psycopg.connect(self._url).close()
            except psycopg.OperationalError as again:
                full = any(words in str(again) for words in _FULL)
                if full or isinstance(again, _TOO_LATE) or PGconn.ping(self._url.encode()) != Ping.OK:
                    return False
            else:
                return False
        return True
