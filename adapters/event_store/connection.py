"""Connections that come back: a database restart costs callers a wait, not an error, as long as it is short."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import psycopg
import structlog
from psycopg import AsyncConnection, AsyncCursor

from adapters.event_store.packing import register_records
from commands.ports.event_store import StoreUnavailable

T = TypeVar("T")

PATIENCE: Final = 15.0
"""Seconds for which a command waits for a database that is away."""

CONNECTION_OPTIONS: Final[dict[str, Any]] = {
    # A peer that vanished is noticed in seconds, not in the two hours of the system's default.
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    "connect_timeout": 5,
}

_log = structlog.get_logger(__name__)
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)


async def connect(url: str, name: str) -> AsyncConnection[tuple[Any, ...]]:
    """A connection in autocommit mode that can send packed arrays; `name` shows in pg_stat_activity."""
    connection = await AsyncConnection.connect(
        url, autocommit=True, application_name=f"ledgerline {name}", prepare_threshold=0, **CONNECTION_OPTIONS
    )
    try:
        await register_records(connection)
        # Statements here look up a few rows by key: one plan for ever, and none that was made while tables were empty
        # and reads them whole. Planning anew for each call would cost as much as the call.
        await connection.execute(
            "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off; "
            "SET lock_timeout = '10s'",
            prepare=False,
        )
    except BaseException:  # cancelled too: who is not given the connection can't close it
        await connection.close()
        raise
    return connection


def is_outage(error: BaseException) -> bool:
    """Whether an error is about the connection or the server's state, not about what it was asked to do.

    psycopg's OperationalError also covers limits that a statement breaks (class 54), which no retry mends.
    """
    if isinstance(error, psycopg.InterfaceError):
        return True
    if not isinstance(error, psycopg.OperationalError):
        return False
    state = error.sqlstate
    # 08 connection, 53 resources, 57P server going or coming, 40 deadlock and the like, 55P03 lock not had in time
    return state is None or state.startswith(("08", "53", "57P", "40")) or state == "55P03"


class LiveConnection:
    """One connection, used by one task at a time, made anew when it breaks."""

    def __init__(self, url: str, name: str, patience: float = PATIENCE) -> None:
        self._url = url
        self._name = name
        self._patience = patience
        self._connection: AsyncConnection[tuple[Any, ...]] | None = None
        self._cursor: AsyncCursor[tuple[Any, ...]] | None = None

    async def run(self, work: Callable[[AsyncCursor[tuple[Any, ...]]], Awaitable[T]]) -> T:
        """Run work that may be repeated; again after a broken connection, a deadlock or a lock not had in time.

        Raises StoreUnavailable when the patience (seconds) is at an end; other errors of the database as they come.
        """
        loop = asyncio.get_running_loop()
        give_up, pause = loop.time() + self._patience, 0.02
        while True:
            try:
                return await work(await self._live_cursor())
            except psycopg.Error as error:
                if not is_outage(error):
                    raise
                if loop.time() + pause > give_up:
                    raise StoreUnavailable(f"The database did not answer for {self._patience:g} s: {error}") from error
                _log.warning("event_store_retries", connection=self._name, error=str(error).strip())
            await self._drop_if_broken()
            await asyncio.sleep(pause)
            pause = min(pause * 2, 1.0)

    async def close(self) -> None:
        """Close; the next `run` would connect again."""
        connection, self._connection, self._cursor = self._connection, None, None
        if connection is not None:
            await connection.close()

    async def _live_cursor(self) -> AsyncCursor[tuple[Any, ...]]:
        if self._cursor is None or self._connection is None or self._connection.closed:
            await self.close()
            self._connection = await connect(self._url, self._name)
            self._cursor = self._connection.cursor()
        return self._cursor

    async def _drop_if_broken(self) -> None:
        if self._connection is not None and (self._connection.closed or self._connection.broken):
            await self.close()


class Lanes:
    """A few live connections for reads; who comes when all are busy waits for one."""

    def __init__(self, url: str, name: str, count: int, patience: float = PATIENCE) -> None:
        self._free: asyncio.LifoQueue[LiveConnection] = asyncio.LifoQueue()
        self._all = [LiveConnection(url, name, patience) for _ in range(count)]
        for lane in self._all:
            self._free.put_nowait(lane)

    async def fetch(self, statement: bytes, arguments: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The rows of a reading statement. Raises StoreUnavailable."""

        async def query(cursor: AsyncCursor[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
            await cursor.execute(statement, arguments, prepare=True, binary=True)
            return await cursor.fetchall()

        lane = await self._free.get()  # the one used last: its statements are prepared
        try:
            return await lane.run(query)
        finally:
            self._free.put_nowait(lane)

    async def close(self) -> None:
        """Close all connections."""
        await asyncio.gather(*(lane.close() for lane in self._all))
