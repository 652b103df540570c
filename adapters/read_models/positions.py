"""How far read models are, and waiting for it: notifications are hints, polled behind while anybody waits."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final

import psycopg
from psycopg import sql

from adapters.read_models.reading import Reader
from adapters.sql_files import load_sql
from projections.catalogue import READ_MODELS

CHANNEL: Final = "read_models"
POLL: Final = 0.01
"""Seconds between two looks while somebody waits and no hint comes."""

_SQL: Final = load_sql("adapters.read_models")


class PostgresPositions:
    """See `projections.ports.positions`. One look serves all who wait; nobody waiting, nothing is asked."""

    def __init__(self, reader: Reader, url: str, lane: str = "live") -> None:
        self._reader = reader
        self._url = url
        self._lane = lane
        self._topics: dict[str, int] = {}
        self._looked = asyncio.Condition()
        self._waiting = 0
        self._looking: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None
        self._hint = asyncio.Event()

    async def position(self, read_models: Sequence[str]) -> int:
        """See the port."""
        await self._look()
        return self._smallest(read_models)

    async def wait_until(self, read_models: Sequence[str], at_least: int, within: float) -> bool:
        """See the port."""
        if await self.position(read_models) >= at_least:
            return True
        self._waiting += 1
        self._start()
        try:
            async with asyncio.timeout(within), self._looked:
                await self._looked.wait_for(lambda: self._smallest(read_models) >= at_least)
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
        return True

    async def close(self) -> None:
        """Stop looking and listening."""
        for task in (self._looking, self._listening):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    def _smallest(self, read_models: Sequence[str]) -> int:
        topics = {t for name in read_models for t in READ_MODELS[name].topics}
        return min((self._topics.get(t, 0) for t in topics), default=0)

    async def _look(self) -> None:
        found = await self._reader.all(sql.SQL(_SQL["positions"]), (self._lane,))
        self._topics = dict(found)

    def _start(self) -> None:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._keep_looking())
        if self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._listen())

    async def _keep_looking(self) -> None:
        while self._waiting:
            self._hint.clear()
            with contextlib.suppress(psycopg.Error):
                await self._look()
            async with self._looked:
                self._looked.notify_all()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hint.wait(), POLL)

    async def _listen(self) -> None:
        with contextlib.suppress(psycopg.Error):
            connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
            async with connection:
                await connection.execute(f"LISTEN {CHANNEL}")
                async for _ in connection.notifies():
                    self._hint.set()
