"""How far read models are, and waiting for it: notifications are hints, polled behind while anybody waits."""

import asyncio
import contextlib
import heapq
import itertools
from collections.abc import Sequence
from typing import Final

import psycopg
from psycopg import sql
from psycopg_pool import PoolTimeout

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
        self._waiting: dict[tuple[str, ...], list[tuple[int, int, asyncio.Future[None]]]] = {}
        self._numbers = itertools.count()
        self._looking: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None
        self._hint = asyncio.Event()

    async def position(self, read_models: Sequence[str]) -> int:
        """See the port."""
        await self._look()
        return self._smallest(read_models)

    async def wait_until(self, read_models: Sequence[str], at_least: int, within: float) -> bool:
        """See the port."""
        if self._smallest(read_models) >= at_least or await self.position(read_models) >= at_least:
            return True
        reached = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(tuple(read_models), [])
        heapq.heappush(waiting, (at_least, next(self._numbers), reached))
        self._start()
        try:
            async with asyncio.timeout(within):
                await reached
        except TimeoutError:
            return False
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
        self._topics = dict(await self._reader.all(sql.SQL(_SQL["positions"]), (self._lane,)))

    def _start(self) -> None:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._keep_looking())
        if self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._listen())

    async def _keep_looking(self) -> None:
        while self._waiting:
            self._hint.clear()
            with contextlib.suppress(psycopg.Error, PoolTimeout):
                await self._look()
            self._tell()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hint.wait(), POLL)

    def _tell(self) -> None:
        """Wake those whose position is reached, and forget those who gave up."""
        for read_models, waiting in list(self._waiting.items()):
            position = self._smallest(read_models)
            while waiting and (waiting[0][0] <= position or waiting[0][2].done()):
                _, _, reached = heapq.heappop(waiting)
                if not reached.done():
                    reached.set_result(None)
            if all(reached.done() for _, _, reached in waiting):
                del self._waiting[read_models]

    async def _listen(self) -> None:
        with contextlib.suppress(psycopg.Error):
            connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
            async with connection:
                await connection.execute(f"LISTEN {CHANNEL}")
                async for _ in connection.notifies():
                    self._hint.set()
