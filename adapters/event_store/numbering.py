"""Invoice numbers: one task a process puts the waiting approvals of all callers into one transaction.

`InvoiceNumberWriter(url, vault, ...)` is the port; make it inside a running event loop, and close it. Keys for
personal fields are fetched before the transaction begins, so that the order lock is not held while the vault answers.
"""

import asyncio
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import AsyncConnection, AsyncCursor

from adapters.event_store.codec import Codec
from adapters.event_store.connection import PATIENCE, LiveConnection
from adapters.event_store.gathering import gathered
from adapters.event_store.numbered_group import Results, store_numbered
from adapters.event_store.store import ManyRowsWriter, RowWriter
from adapters.sql_files import load_sql
from commands.ports.event_store import Rows, Save, StoreUnavailable
from commands.ports.key_vault import KeyVault, SubjectKey
from commands.ports.numbering import Numbered, NumberedSave
from domain.identity import Stream

MAX_NUMBERED: Final = 256
"""Approvals in one transaction: the order lock is held for some tens of milliseconds."""
_IN_ORDER: Final = load_sql("adapters.event_store")["in_number_order"].encode()

_Waiting = tuple[NumberedSave, "asyncio.Future[Numbered | Exception]"]


class InvoiceNumberWriter:
    """See the port."""

    def __init__(
        self,
        url: str,
        vault: KeyVault,
        *,
        row_writers: Mapping[type, RowWriter] | None = None,
        many_rows_writers: Mapping[type, ManyRowsWriter] | None = None,
        patience: float = PATIENCE,
    ) -> None:
        """`many_rows_writers` win over `row_writers`: a group of hundreds should not write its rows one by one."""
        self._connection = LiveConnection(url, "numbers", patience)
        self._vault = vault
        self._keys = _GroupKeys()
        self._codec = Codec(self._keys)
        self._row_writers = row_writers or {}
        self._many_rows_writers = many_rows_writers or {}
        self._waiting: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._closing = False
        self._turn = asyncio.Lock()
        self._task = asyncio.create_task(self._work(), name="invoice numbers")

    async def append(self, save: NumberedSave) -> Numbered:
        """See the port. A caller that is cancelled may have been stored all the same."""
        (result,) = await self.append_many([save])
        if isinstance(result, Exception):
            raise result
        return result

    async def append_many(self, saves: Sequence[NumberedSave]) -> Sequence[Numbered | Exception]:
        """See the port."""
        if self._closing:
            raise StoreUnavailable("The store is closing; nothing of the save was stored.")
        waiting: list[_Waiting] = [(save, self._loop.create_future()) for save in saves]
        self._waiting.extend(waiting)
        self._wake.set()
        return await asyncio.gather(*(stored for _, stored in waiting))

    async def in_order(self, invoices: Sequence[UUID]) -> Sequence[UUID]:
        """See the port."""
        streams = [str(Stream("customer-invoice", invoice)) for invoice in invoices]

        async def query(cursor: AsyncCursor[Any]) -> list[tuple[Any, ...]]:
            await cursor.execute(_IN_ORDER, (streams,))
            return await cursor.fetchall()

        async with self._turn:
            return [row[0] for row in await self._connection.run(query)]

    async def close(self) -> None:
        """Take no more, store what waits, then close the connection."""
        self._closing = True
        self._wake.set()
        await self._task
        await self._connection.close()

    async def _work(self) -> None:
        while True:
            while not self._waiting:
                if self._closing:
                    return
                self._wake.clear()
                await self._wake.wait()
            await gathered(self._waiting)
            group = self._take()
            if group:
                async with self._turn:
                    await self._store(group)

    def _take(self) -> list[_Waiting]:
        """The next group: of one business date, no two with a stream or a key in common."""
        group: list[_Waiting] = []
        left: list[_Waiting] = []
        taken: set[str] = set()
        day = None
        while self._waiting and len(group) < MAX_NUMBERED:
            save, stored = self._waiting.popleft()
            if stored.cancelled():
                continue
            mine = {str(history.stream) for history in save.after}
            if save.key is not None:
                mine.add(f"answer:{save.key.scope}:{save.key.key}")
            if taken.isdisjoint(mine) and day in (None, save.origin.business_date):
                group.append((save, stored))
                taken |= mine
                day = save.origin.business_date
            else:
                left.append((save, stored))
        self._waiting.extendleft(reversed(left))
        return group

    async def _store(self, group: list[_Waiting]) -> None:
        saves = [save for save, _ in group]
        try:
            results = await self._call(saves)
        except StoreUnavailable as error:
            why = f"{error} Whether the save was stored is not known: ask again with the same idempotency key, or look."
            results = [StoreUnavailable(why) for _ in group]
        except Exception as error:  # noqa: BLE001 - something in one of them can't be stored: it costs the others nothing
            if len(group) > 1:
                for one in group:
                    await self._store([one])
                return
            results = [error]
        except BaseException as error:
            for _, stored in group:
                if not stored.done():
                    stored.set_result(StoreUnavailable(f"The store's writer ended: {error!r}"))
            raise
        for (_, stored), result in zip(group, results, strict=True):
            if not stored.done():
                stored.set_result(result)

    async def _call(self, saves: Sequence[NumberedSave]) -> list[Numbered | Exception]:
        async def call(cursor: AsyncCursor[Any]) -> list[Numbered | Exception]:
            subjects = {save.subject for save in saves if save.subject is not None}
            self._keys.keys = await asyncio.to_thread(self._vault.keys_for, subjects) if subjects else {}
            return await store_numbered(cursor, saves, self._codec, self._write_rows)

        return await self._connection.run(call)

    async def _write_rows(self, connection: AsyncConnection[Any], saves: Mapping[int, NumberedSave]) -> Results:
        many: dict[type, list[Rows]] = {}
        for place, save in saves.items():
            for rows in save.rows:
                if type(rows) in self._many_rows_writers:
                    many.setdefault(type(rows), []).append(rows)
                    continue
                try:
                    await self._row_writers[type(rows)](connection, rows, Save(save.origin, ()))
                except psycopg.Error:
                    raise
                except Exception as error:  # noqa: BLE001 - this one is refused, the others are not
                    return {place: error}
        for kind, rows_of_kind in many.items():
            try:
                await self._many_rows_writers[kind](connection, rows_of_kind)
            except psycopg.Error:
                raise
            except Exception as error:  # noqa: BLE001 - all that come with such rows are refused together
                return {place: error for place, save in saves.items() if any(type(r) is kind for r in save.rows)}
        return {}


class _GroupKeys:
    """The keys of one group, as the codec asks for them."""

    def __init__(self) -> None:
        self.keys: Mapping[str, SubjectKey] = {}

    def key_for(self, subject: str) -> SubjectKey:
        return self.keys[subject]

    def keys_for(self, subjects: Collection[str]) -> Mapping[str, SubjectKey]:
        return {subject: self.keys[subject] for subject in subjects}

    def secrets(self, ids: Collection[UUID]) -> Mapping[UUID, bytes]:
        raise NotImplementedError(f"nothing personal is read while numbers are given: {ids}")

    async def erase(self, subject: str) -> bool:
        raise NotImplementedError(subject)
