"""Chunks of a file, read in a thread while those before are stored; a few of them wait at most."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, suppress
from typing import Final

from commands.ports.provider_files import Chunk, Reading

AHEAD: Final = 4
"""Chunks that wait; one more is being read. A chunk of 10,000 lines is a few MB."""
AT_ONCE: Final = 4
"""Chunks that one transaction takes, when the store is slower than the reader."""


async def batches_of(reading: Reading) -> AsyncGenerator[list[tuple[Chunk, bool]], None]:
    """Chunks that are ready, each with whether it is the file's last. FileRejected as the reading raises it.

    The reading's report is there with the last chunk; a file without lines gives nothing.
    """
    ready: asyncio.Queue[tuple[Chunk, bool] | Exception | None] = asyncio.Queue(AHEAD)
    pump = asyncio.create_task(_pump(reading, ready))
    try:
        while True:
            batch: list[tuple[Chunk, bool]] = []
            one = await ready.get()
            while isinstance(one, tuple):
                batch.append(one)
                if len(batch) == AT_ONCE or ready.empty():
                    break
                one = ready.get_nowait()
            if batch:
                yield batch
            if isinstance(one, Exception):
                raise one
            if one is None:
                return
    finally:
        pump.cancel()
        with suppress(asyncio.CancelledError):
            await pump


async def read_through(reading: Reading) -> None:
    """Read a file and keep nothing: FileRejected if it can't be read."""
    async with aclosing(batches_of(reading)) as batches:
        async for _ in batches:
            pass


async def _pump(reading: Reading, ready: "asyncio.Queue[tuple[Chunk, bool] | Exception | None]") -> None:
    chunks = iter(reading)
    step: asyncio.Future[Chunk | None] | None = None
    held: Chunk | None = None
    try:
        while True:
            step = asyncio.ensure_future(asyncio.to_thread(_next, chunks))
            chunk = await asyncio.shield(step)
            if held is not None:
                await ready.put((held, chunk is None))
            if chunk is None:
                break
            held = chunk
        await ready.put(None)
    except asyncio.CancelledError:
        if step is not None:  # the thread is still in the reading: let it leave before the file is closed
            await asyncio.gather(step, return_exceptions=True)
        raise
    except Exception as error:  # noqa: BLE001 -- whatever it is, the consumer has to hear of it
        await ready.put(error)
    finally:
        if isinstance(chunks, Iterator) and hasattr(chunks, "close"):
            chunks.close()


def _next(chunks: Iterator[Chunk]) -> Chunk | None:
    return next(chunks, None)
