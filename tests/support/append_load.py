"""A process that appends until it is ended: `python -m tests.support.append_load URL NAME`.

Eight callers write to a few streams that all such processes share, so that they conflict; what was acknowledged is
printed at once, a line each: `NOTE POSITION`. A note is unique to its save.
"""

import asyncio
import os
import random
import sys

from adapters.event_store import Codec, PostgresEventStore
from commands.ports.event_store import Conflict, StoreUnavailable
from tests.adapters.event_store.samples import save, write

CALLERS = 8
STREAMS = 24


async def caller(store: PostgresEventStore, name: str, number: int) -> None:
    chance = random.Random(f"{name}-{number}")
    count = 0
    while True:
        count += 1
        note = f"{name}-{number}-{count}"
        codes = chance.sample([f"S-{n}" for n in range(STREAMS)], chance.choice((1, 1, 1, 2)))
        try:
            writes = [await write(store, code, *[note] * chance.choice((1, 1, 3))) for code in codes]
            done = await store.append(save(*writes))
        except (Conflict, StoreUnavailable):
            continue
        os.write(1, f"{note} {done.position}\n".encode())


async def main(url: str, name: str) -> None:
    async with await PostgresEventStore.open(url, Codec()) as store:
        await asyncio.gather(*(caller(store, name, number) for number in range(CALLERS)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
