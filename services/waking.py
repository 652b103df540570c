"""When a worker's loops look again: quickly while something happens, seldom while nothing does.

What they do is found in tables, by looking. Most of it begins with an event, so an append wakes them at once; what does
not (a purchase that is posted, an operation that is asked for, a pause that ends) is seen by the next look.
"""

import asyncio
import math
from contextlib import suppress
from typing import Final, Protocol

AWAKE_SECONDS: Final = 3.0
"""So long after the last sign of life loops look as often as they like: longer than the pause before a calculation."""
SELDOM_SECONDS: Final = 2.0
"""How often they look while there is none, where an append tells of what there is to do."""
UNTOLD_SECONDS: Final = 0.5
"""How often where nothing does: somebody may have posted or asked for something, and waits for that at most, once."""


class Appends(Protocol):
    """An event store that tells of appends."""

    async def appended(self, seen: int, seconds: float) -> int:
        """Return when there was an append since `seen`, at most so many seconds later; what is seen now."""
        ...


class Bell:
    """Rung by appends of any process and by loops that found something; loops rest by it."""

    def __init__(self, store: Appends) -> None:
        self._store = store
        self._rung = asyncio.Event()
        self._last = -math.inf

    async def listen(self, stop: asyncio.Event) -> None:
        """Ring at every append until `stop`."""
        seen = 0
        while not stop.is_set():
            now = await self._store.appended(seen, SELDOM_SECONDS)
            if now != seen:
                seen = now
                self.ring()

    def ring(self) -> None:
        """Something happens."""
        self._last = asyncio.get_running_loop().time()
        rung, self._rung = self._rung, asyncio.Event()
        rung.set()

    async def rest(self, seconds: float, stop: asyncio.Event, seldom: float = SELDOM_SECONDS) -> None:
        """Until `stop`, or so many seconds; longer, until something happens, when nothing did for a while."""
        if asyncio.get_running_loop().time() - self._last < AWAKE_SECONDS:
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), seconds)
            return
        either = [asyncio.ensure_future(event.wait()) for event in (stop, self._rung)]
        try:
            await asyncio.wait(either, timeout=max(seconds, seldom), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiting in either:
                waiting.cancel()
