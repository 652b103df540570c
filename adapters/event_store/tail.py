"""Hints that something was appended: LISTEN, with polling behind it, because a notification can be lost."""

import asyncio
from typing import Any, Final

import psycopg
import structlog
from psycopg import AsyncConnection

from adapters.event_store.connection import connect
from adapters.sql_files import load_sql

POLL_SECONDS: Final = 0.04
"""How late the feed is at most when a notification is lost or LISTEN's connection is down."""

_LISTEN = load_sql("adapters.event_store")["listen"].encode()
_log = structlog.get_logger(__name__)


class Hints:
    """Counts notifications. Readers remember the count, read, and wait for another one, or a moment."""

    def __init__(self, url: str) -> None:
        self.count = 0
        self._url = url
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._listen(), name="listen for appends")

    async def wait(self, seen: int, seconds: float = POLL_SECONDS) -> None:
        """Return when there were notifications since `seen`, at the latest after so many seconds."""
        if self.count != seen:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    async def close(self) -> None:
        """Stop listening."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            try:
                connection: AsyncConnection[tuple[Any, ...]] = await connect(self._url, "listen")
                async with connection:
                    await connection.execute(_LISTEN)
                    self._tell()  # something may have been appended while nobody listened
                    async for _ in connection.notifies():
                        self._tell()
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                _log.warning("listen_connection_lost", error=str(error).strip())
            await asyncio.sleep(0.5)  # meanwhile readers poll

    def _tell(self) -> None:
        self.count += 1
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
