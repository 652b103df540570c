"""Loops look seldom while nothing happens, and at once when something does."""

import asyncio

from services.reacting import repeat
from services.waking import Bell


class Appending:
    """Stands for the appends of another process."""

    def __init__(self) -> None:
        self.count = 0
        self.more = asyncio.Event()

    async def appended(self, seen: int, seconds: float) -> int:
        if self.count == seen:
            self.more.clear()
            await self.more.wait()
        return self.count

    def append(self) -> None:
        self.count += 1
        self.more.set()


async def test_an_append_wakes_who_rests():
    store, stop = Appending(), asyncio.Event()
    bell = Bell(store)
    listening = asyncio.create_task(bell.listen(stop))
    resting = asyncio.create_task(bell.rest(3600.0, stop))
    await asyncio.sleep(0)
    store.append()
    await resting
    listening.cancel()


async def test_stopping_wakes_who_rests():
    stop = asyncio.Event()
    bell = Bell(Appending())
    quiet = asyncio.create_task(bell.rest(3600.0, stop))
    await asyncio.sleep(0)
    stop.set()
    await quiet
    bell.ring()
    await bell.rest(3600.0, stop)


async def test_a_loop_that_finds_something_wakes_the_others():
    stop, looked = asyncio.Event(), asyncio.Event()
    bell = Bell(Appending())

    async def finds() -> int:
        return 1

    async def looks() -> int:
        if looked.is_set():
            stop.set()
        looked.set()
        return 0

    resting = asyncio.create_task(repeat(looks, "looked", 3600.0, stop, bell))
    await looked.wait()
    finding = asyncio.create_task(repeat(finds, "found", 3600.0, stop, bell))
    await asyncio.gather(resting, finding)
