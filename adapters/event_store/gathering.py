"""When a group is full enough: as soon as nobody joins it any more while the event loop has work."""

import asyncio
from collections.abc import Sized
from typing import Final

QUIET_TURNS: Final = 2
"""Turns of the event loop without a newcomer after which a group goes."""
MAX_TURNS: Final = 20


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
