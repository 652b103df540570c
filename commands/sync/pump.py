"""Chunks of a file, read in a thread while those before are stored; a few of them wait at most."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, suppress
from typing import Final

from commands.ports.provider_files import Chunk, Reading

AHEAD: Final = 4
"""Chunks that wait; one more is being read. A chunk of 10,000 lines is a few MB."""
AT_ONCE: Final = 4
"""Chunks that one transaction takes, when the store is slower than the reader."""
AT_ONCE_BYTES: Final = 12 * 1024 * 1024
"""Bytes that wait, and bytes that one transaction takes: one chunk is always let through."""


class _Waiting:
    """Chunks between the reader and the store: few, and of few bytes."""

    def __init__(self) -> None:
        self._chunks: deque[tuple[Chunk, bool]] = deque()
        self._end: Exception | None = None
        self._ended = False
        self._changed = asyncio.Condition()

    async def put(self, chunk: Chunk, *, last: bool) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self._has_room(chunk))
            self._chunks.append((chunk, last))
            self._changed.notify_all()

    async def end(self, error: Exception | None = None) -> None:
        async with self._changed:
            self._end, self._ended = error, True
            self._changed.notify_all()

    async def take(self) -> list[tuple[Chunk, bool]]:
        """What waits; empty when all was taken. Raises what the reading ended with."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._chunks or self._ended)
            if not self._chunks and self._end is not None:
                raise self._end
            taken: list[tuple[Chunk, bool]] = []
            size = 0
            while self._chunks and len(taken) < AT_ONCE:
                size += _size(self._chunks[0][0])
                if taken and size > AT_ONCE_BYTES:
                    break
                taken.append(self._chunks.popleft())
            self._changed.notify_all()
            return taken

    def _has_room(self, chunk: Chunk) -> bool:
        size = sum(_size(held) for held, _ in self._chunks) + _size(chunk)
        return not self._chunks or (len(self._chunks) < AHEAD and size <= AT_ONCE_BYTES)


def _size(chunk: Chunk) -> int:
    return len(chunk.copy_csv) + len(chunk.outline)


async def batches_of(reading: Reading) -> AsyncGenerator[list[tuple[Chunk, bool]], None]:
    """Chunks that are ready, each with whether it is the file's last. FileRejected as the reading raises it.

    The reading's report is there with the last chunk; a file without lines gives nothing.
    """
    waiting = _Waiting()
    pump = asyncio.create_task(_pump(reading, waiting))
    try:
        while batch := await waiting.take():
            yield batch
    finally:
        pump.cancel()
        with suppress(asyncio.CancelledError):
            await pump


async def read_through(reading: Reading) -> None:
    """Read a file and keep nothing: FileRejected if it can't be read."""
    async with aclosing(batches_of(reading)) as batches:
        async for _ in batches:
            pass


async def _pump(reading: Reading, waiting: _Waiting) -> None:
    chunks = iter(reading)
    step: asyncio.Future[Chunk | None] | None = None
    held: Chunk | None = None
    try:
        while True:
            step = asyncio.ensure_future(asyncio.to_thread(_next, chunks))
            chunk = await asyncio.shield(step)
            if held is not None:
                await waiting.put(held, last=chunk is None)
            if chunk is None:
                break
            held = chunk
        await waiting.end()
    except asyncio.CancelledError:
        if step is not None:  # the thread is still in the reading: let it leave before the file is closed
            await asyncio.gather(step, return_exceptions=True)
        raise
    except Exception as error:  # noqa: BLE001 -- whatever it is, the consumer has to hear of it
        await waiting.end(error)
    finally:
        if isinstance(chunks, Iterator) and hasattr(chunks, "close"):
            chunks.close()


def _next(chunks: Iterator[Chunk]) -> Chunk | None:
    return next(chunks, None)
