"""When a group is full enough, and how large it is to be."""

import asyncio
from collections.abc import Callable, Sized
from time import monotonic, thread_time
from typing import Final

from adapters.event_store.append_call import MAX_GROUP

QUIET_TURNS: Final = 2
"""Turns of the event loop without a newcomer after which a group goes."""
MAX_TURNS: Final = 20
BUSY: Final = 0.6
"""Share of the time for which this thread computes, above which it is what callers wait for, not the database."""
LOOK_EVERY: Final = 0.05
"""Seconds over which that share is taken."""


async def gathered(queue: Sized) -> None:
    """Let those who are about to join join: a round trip for one costs nearly as much as one for many.

    A turn of a loop with nothing else to do takes microseconds, so a single caller loses nothing that can be felt.
    """
    size, quiet = len(queue), 0
    for _ in range(MAX_TURNS):
        await asyncio.sleep(0)
        if len(queue) == size:
            quiet += 1
            if quiet == QUIET_TURNS:
                return
        else:
            size, quiet = len(queue), 0


class Pace:
    """How many saves the next group takes.

    All who wait, while callers wait for the database: it commits many as quickly as few. Half of the crowd, while this
    thread is what they wait for: then one half is decided while the other half is being committed, and the processor
    is never idle.
    """

    def __init__(self, clock: Callable[[], float] = monotonic, computing: Callable[[], float] = thread_time) -> None:
        """`clock` gives seconds that pass, `computing` those for which this thread had a processor."""
        self._clock, self._computing = clock, computing
        self._last = 0
        self._busy = False
        self._looked_at, self._computed = clock(), computing()

    def size(self, waiting: int) -> int:
        """How many to take when so many wait."""
        if not self._busy:
            return MAX_GROUP
        return min(max((waiting + self._last + 1) // 2, 1), MAX_GROUP)

    def goes(self, group: int) -> None:
        """A group of so many is sent."""
        self._last = group
        now = self._clock()
        if now - self._looked_at > LOOK_EVERY:
            computed = self._computing()
            self._busy = computed - self._computed > BUSY * (now - self._looked_at)
            self._looked_at, self._computed = now, computed
