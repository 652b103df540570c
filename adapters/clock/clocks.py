"""The two clocks. A store remembers which one it was made with, so that a test date never gets into real history."""

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import Any, Final, Literal, Protocol

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from adapters.sql_files import load_sql

_SQL = load_sql("adapters.clock")
REFRESH_SECONDS: Final = 0.25
"""After this time at the latest every process sees what one of them set."""
_log = structlog.get_logger(__name__)


class ClockRefused(Exception):
    """The test clock was asked for on a store that was not made with it; the message says what to do."""


class Clock(Protocol):
    """What time it is."""

    kind: Literal["system", "test"]

    def now(self) -> datetime:
        """An aware instant in UTC."""
        ...


class SystemClock:
    """The machine's."""

    kind: Literal["system", "test"] = "system"

    def now(self) -> datetime:
        """The present instant."""
        return datetime.now(UTC)


class TestClock:
    """Stands still at the instant that was set last, in all processes of the store."""

    __test__ = False  # pytest takes it for a test class otherwise
    kind: Literal["system", "test"] = "test"

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]", now: datetime) -> None:
        self._pool = pool
        self._now = now
        self._task = asyncio.create_task(self._follow())

    def now(self) -> datetime:
        """The instant set last."""
        return self._now

    async def set(self, now: datetime) -> None:
        """Show another instant from now on: here at once, elsewhere within `REFRESH_SECONDS`."""
        async with self._pool.connection() as connection:
            await connection.execute(_SQL["set_test_clock"], {"now": now})
        self._now = now.astimezone(UTC)

    async def close(self) -> None:
        """Stop following."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            try:
                async with self._pool.connection() as connection:
                    row = await (await connection.execute(_SQL["read_test_clock"])).fetchone()
            except (psycopg.Error, PoolTimeout) as error:
                _log.warning("test_clock_not_read", error=str(error))
                continue
            if row is not None:
                self._now = row[0].astimezone(UTC)


async def open_clock(
    pool: "AsyncConnectionPool[AsyncConnection[Any]]", kind: Literal["system", "test"]
) -> SystemClock | TestClock:
    """The clock that was asked for; ClockRefused when the store was not made with the test clock.

    The first process on an empty store makes it with its clock.
    """
    system = SystemClock()
    async with pool.connection() as connection, connection.transaction():
        known = await (await connection.execute(_SQL["kind_of_clock"])).fetchone()
        if known is None:
            await connection.execute(_SQL["lock_clock"])
            known = await (await connection.execute(_SQL["kind_of_clock"])).fetchone()
        if known is None:
            empty = await (await connection.execute(_SQL["is_empty"])).fetchone()
            made_with = kind if empty and empty[0] else "system"
            now = system.now() if made_with == "test" else None
            await connection.execute(_SQL["make_clock"], {"kind": made_with, "now": now})
            known = (made_with,)
    if kind == "system":
        if known[0] == "test":
            raise ClockRefused(
                "This store was made with the test clock and its dates are made up: start with LEDGERLINE_CLOCK=test, "
                "or use another database."
            )
        return system
    if known[0] != "test":
        raise ClockRefused(
            "This store was made with the system's clock: LEDGERLINE_CLOCK=test is for a new, empty database only."
        )
    async with pool.connection() as connection:
        row = await (await connection.execute(_SQL["read_test_clock"])).fetchone()
    return TestClock(pool, row[0].astimezone(UTC) if row and row[0] else system.now())
