"""The start of a process: it waits for a database that is away, starting or recovering, instead of ending.

Meanwhile it is alive and not ready: the operations port is served before anything else is there, `/readyz` says why.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from threading import Event
from typing import TypeVar

import structlog

from adapters.migrate import migrate
from adapters.outage import START_PATIENCE, Outage

T = TypeVar("T")
_log = structlog.get_logger(__name__)


class Start:
    """How a process's start stands: `problem` is a check for `/readyz`, None once all is there."""

    def __init__(self, url: str | None, patience: float = START_PATIENCE) -> None:
        """`url`: of the database, None for the embedded one; `patience`: seconds until an outage is raised."""
        self._outage = Outage(url, patience)
        self._problem: str | None = "starting"
        self._waited = False

    def problem(self) -> str | None:
        """Why the process is not ready yet."""
        return self._problem

    def migrated(self, url: str, stop: Event) -> bool:
        """Bring the schema up to date as soon as the database is there; False when `stop` was set before.

        Raises MigrationFailed, StoreUnavailable, and what psycopg says of a server that refuses us.
        """
        while not stop.is_set():
            try:
                migrate(url)
            except Exception as error:  # noqa: BLE001 - what does not pass is raised again
                stop.wait(self._put_off(error))
            else:
                self._there()
                return True
        return False

    @asynccontextmanager
    async def opened(
        self, make: Callable[[], AbstractAsyncContextManager[T]], stop: asyncio.Event
    ) -> AsyncIterator[T | None]:
        """What `make` opens, as soon as the database is there; None when `stop` was set before.

        A try that fails has closed what it had opened. Raises what `make` does and does not pass.
        """
        async with AsyncExitStack() as stack:
            yield await self._enter(stack, make, stop)

    async def _enter(
        self, stack: AsyncExitStack, make: Callable[[], AbstractAsyncContextManager[T]], stop: asyncio.Event
    ) -> T | None:
        while not stop.is_set():
            try:
                opened = await stack.enter_async_context(make())
            except Exception as error:  # noqa: BLE001 - what does not pass is raised again
                pause = await asyncio.to_thread(self._put_off, error)
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), pause)
            else:
                self._there()
                return opened
        return None

    def _put_off(self, error: Exception) -> float:
        pause = self._outage.pause_after(error)
        self._problem = f"waits for the database: {error}".strip()
        self._waited = True
        _log.warning("database_is_waited_for", why=str(error).strip(), again_after_seconds=pause)
        return pause

    def _there(self) -> None:
        self._problem = None
        if self._waited:
            _log.info("database_is_there", after_seconds=round(self._outage.seconds, 1))
