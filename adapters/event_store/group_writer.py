"""Group commit: one task a process puts the waiting saves of all callers into one transaction.

The group grows by itself: while one is being committed, callers encode and queue, and all who wait then go together.
A save that loses (a conflict, a taken name, a repeated request) loses alone. One that shares a stream with an earlier
save of its group goes to the front of the next one, where it is known whether the earlier one was stored.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

import psycopg
from psycopg import AsyncCursor

from adapters.event_store.append_call import Again, Outcome, append_group
from adapters.event_store.connection import LiveConnection
from adapters.event_store.encode import EncodedSave
from adapters.event_store.gathering import Pace, gathered
from commands.ports.event_store import Appended, StoreUnavailable

MAX_GROUP_BYTES: Final = 4 * 1024 * 1024
MAX_WAITING: Final = 4_096
"""Saves that may wait; the callers of more are held back before they join the queue."""

_Waiting = tuple[EncodedSave, "asyncio.Future[Appended]"]


class GroupWriter:
    """Owns the writing connection. `append` may be called by any number of tasks of one event loop."""

    def __init__(self, connection: LiveConnection) -> None:
        self._connection = connection
        self._waiting: deque[_Waiting] = deque()
        self._pace = Pace()
        self._wake = asyncio.Event()
        self._taken = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._closing = False
        self._task = asyncio.create_task(self._work(), name="group commit")

    async def append(self, save: EncodedSave) -> Appended:
        """Store a save; raises what the port says. A caller that is cancelled may have been stored all the same."""
        while len(self._waiting) >= MAX_WAITING and not self._closing:
            await self._taken.wait()
        if self._closing:
            raise StoreUnavailable("The store is closing; nothing of the save was stored.")
        stored: asyncio.Future[Appended] = self._loop.create_future()
        self._waiting.append((save, stored))
        if not self._wake.is_set():
            self._wake.set()
        return await stored

    async def close(self) -> None:
        """Take no more, store what waits, then close the connection."""
        self._closing = True
        self._wake.set()
        self._taken.set()
        await self._task
        await self._connection.close()

    async def _work(self) -> None:
        while True:
            while not self._waiting:
                if self._closing:
                    return
                self._wake.clear()
                await self._wake.wait()
            size = self._pace.size(len(self._waiting))
            if len(self._waiting) < size:
                await gathered(self._waiting)  # those who were just answered put their next save into this group
                size = self._pace.size(len(self._waiting))
            group = self._take(size)
            self._pace.goes(len(group))
            self._taken.set()  # who was held back may queue now
            self._taken.clear()
            if group:
                await self._store(group)

    def _take(self, most: int) -> list[_Waiting]:
        """The next group: at most so many saves and MAX_GROUP_BYTES, but always one."""
        group: list[_Waiting] = []
        size = 0
        while self._waiting and len(group) < most:
            save, stored = self._waiting[0]
            if stored.cancelled():
                self._waiting.popleft()
                continue
            size += save.size
            if group and size > MAX_GROUP_BYTES:
                break
            group.append(self._waiting.popleft())
        return group

    async def _store(self, group: list[_Waiting]) -> None:
        saves = [save for save, _ in group]
        try:
            outcomes = await self._call(saves)
        except StoreUnavailable as error:
            why = f"{error} Whether the save was stored is not known: ask again with the same idempotency key, or look."
            outcomes = [StoreUnavailable(why) for _ in group]
        except psycopg.Error as error:
            if len(group) > 1:  # something in one of them cannot be stored; it must not cost the others anything
                for one in group:
                    await self._store([one])
                return
            outcomes = [error]
        except BaseException as error:
            for _, stored in group:
                if not stored.done():
                    stored.set_exception(StoreUnavailable(f"The store's writer ended: {error!r}"))
            raise
        self._tell(group, outcomes)

    async def _call(self, saves: Sequence[EncodedSave]) -> "list[Outcome | Exception]":
        async def call(cursor: AsyncCursor[Any]) -> "list[Outcome | Exception]":
            return [*await append_group(cursor, saves)]

        return await self._connection.run(call)

    def _tell(self, group: list[_Waiting], outcomes: "Sequence[Outcome | Exception]") -> None:
        again: list[_Waiting] = []
        for waiting, outcome in zip(group, outcomes, strict=True):
            stored = waiting[1]
            if stored.done():
                continue
            if isinstance(outcome, Again):
                again.append(waiting)
            elif isinstance(outcome, Appended):
                stored.set_result(outcome)
            else:
                stored.set_exception(outcome)
        self._waiting.extendleft(reversed(again))
