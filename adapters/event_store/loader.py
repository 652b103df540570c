"""Loading streams for deciding: the loads that callers ask for at the same time go as one query."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Any, Final

from psycopg import AsyncCursor
from psycopg.types.numeric import Int8

from adapters.event_store.chain import GENESIS_HEX
from adapters.event_store.codec import Codec
from adapters.event_store.connection import LiveConnection
from adapters.event_store.gathering import gathered
from adapters.sql_files import load_sql
from commands.ports.event_store import History, StoreUnavailable
from domain.identity import Stream

MAX_STREAMS: Final = 128
"""Streams in one query."""
ALL: Final = 2**62

_LOAD = load_sql("adapters.event_store")["load_streams"].encode()
_Key = tuple[Stream, int]
_Row = tuple[str, int, str, int, bytes, bytes, int]


class Loader:
    """Owns a reading connection; a history that several callers ask for at once is read and decoded once."""

    def __init__(self, connection: LiveConnection, codec: Codec) -> None:
        self._connection = connection
        self._codec = codec
        self._wanted: dict[_Key, asyncio.Future[History]] = {}
        self._order: deque[_Key] = deque()
        self._wake = asyncio.Event()
        self._closing = False
        self._task = asyncio.create_task(self._work(), name="load streams")

    async def load(self, stream: Stream, to_version: int | None = None) -> History:
        """The stream up to a version. Raises UnreadableEvent for what cannot be decoded, StoreUnavailable."""
        return await asyncio.shield(self._ask(stream, to_version))  # others may wait for the same

    async def load_many(self, streams: Sequence[Stream]) -> list[History]:
        """Several streams, in their order: raises as `load` does, once all are answered."""
        asked = [self._ask(stream) for stream in streams]
        if asked:
            await asyncio.wait(asked)  # without a task each: there may be tens of thousands
        return [future.result() for future in asked]

    def _ask(self, stream: Stream, to_version: int | None = None) -> "asyncio.Future[History]":
        if self._closing:
            raise StoreUnavailable("The store is closing.")
        key = (stream, ALL if to_version is None else to_version)
        future = self._wanted.get(key)
        if future is None:
            future = self._wanted[key] = asyncio.get_running_loop().create_future()
            self._order.append(key)
            self._wake.set()
        return future

    async def close(self) -> None:
        """Answer what was asked, then close the connection."""
        self._closing = True
        self._wake.set()
        await self._task
        await self._connection.close()

    async def _work(self) -> None:
        while True:
            while not self._order:
                if self._closing:
                    return
                self._wake.clear()
                await self._wake.wait()
            await gathered(self._order)
            # Taken out before the query is sent: who asks from now on must see what was stored up to now.
            keys = [self._order.popleft() for _ in range(min(MAX_STREAMS, len(self._order)))]
            wanted = [(key, self._wanted.pop(key)) for key in keys]
            try:
                await self._answer(wanted)
            except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
                for _, future in wanted:
                    if not future.done():
                        future.set_exception(error)
                        future.exception()  # whoever asked may be gone; that is no fault to be logged

    async def _answer(self, wanted: list[tuple[_Key, "asyncio.Future[History]"]]) -> None:
        streams = [str(stream) for (stream, _), _ in wanted]
        versions = [Int8(upto) for (_, upto), _ in wanted]
        # The same stream may be wanted up to two versions: then its rows come twice, told apart by counting.
        if len({stream for (stream, _), _ in wanted}) < len(wanted):
            for one in wanted if len(wanted) > 1 else ():
                await self._answer([one])
            return

        async def query(cursor: AsyncCursor[Any]) -> list[_Row]:
            await cursor.execute(_LOAD, (streams, versions), prepare=True, binary=True)
            return await cursor.fetchall()

        rows: dict[str, list[_Row]] = defaultdict(list)
        for row in await self._connection.run(query):
            rows[row[0]].append(row)
        personal = {s for s, of in rows.items() if any(self._codec.is_personal(row[2], row[3]) for row in of)}
        at_once = [(key, future) for key, future in wanted if str(key[0]) not in personal]
        for (stream, _), future in at_once:
            _settle(future, self._history(stream, rows))
        if personal:
            later = [(key, future) for key, future in wanted if str(key[0]) in personal]
            histories = await asyncio.to_thread(self._personal, [stream for (stream, _), _ in later], rows)
            for (_, future), history in zip(later, histories, strict=True):
                _settle(future, history)

    def _personal(self, streams: list[Stream], rows: dict[str, list[_Row]]) -> list[History | Exception]:
        """In a thread, as the key vault may block: asked once for all, not stream by stream."""
        try:
            self._codec.ask_for_keys(row[4] for stream in streams for row in rows[str(stream)])
        except Exception as error:  # noqa: BLE001 - whoever waits for one of them must hear of it
            return [error] * len(streams)
        return [self._history(stream, rows) for stream in streams]

    def _history(self, stream: Stream, rows: dict[str, list[_Row]]) -> History | Exception:
        """One stream that cannot be read must not cost the others."""
        found = rows.get(str(stream))
        if not found:
            return History(stream, (), 0, GENESIS_HEX, 0)
        try:
            return decoded(stream, found, self._codec)
        except Exception as error:  # noqa: BLE001 - as above
            return error


def _settle(future: "asyncio.Future[History]", history: History | Exception) -> None:
    if future.done():
        return
    if isinstance(history, Exception):
        future.set_exception(history)
        future.exception()  # whoever asked may be gone; that is no fault to be logged
    else:
        future.set_result(history)


def decoded(stream: Stream, rows: list[_Row], codec: Codec) -> History:
    """The history of a stream out of its rows, at least one."""
    last = rows[-1]
    facts = tuple([codec.decode(row[2], row[3], row[4]) for row in rows])
    return History(stream, facts, last[1], last[5].hex(), last[6])
