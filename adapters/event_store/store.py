"""The port to the record on PostgreSQL: group commit, batched loads, a feed that misses nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Self
from uuid import UUID

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from adapters.event_store.append_call import append_group, stored_answer
from adapters.event_store.codec import Codec
from adapters.event_store.connection import CONNECTION_OPTIONS, PATIENCE, Lanes, LiveConnection, is_outage
from adapters.event_store.encode import EncodedSave, encode_save
from adapters.event_store.group_writer import GroupWriter
from adapters.event_store.loader import ALL, Loader
from adapters.event_store.packing import register_records
from adapters.event_store.rows import StoredRow, recorded, stored_row
from adapters.event_store.tail import Hints
from adapters.sql_files import load_sql
from commands.ports.event_store import (
    Appended,
    History,
    Recorded,
    Rows,
    Save,
    StoredAnswer,
    StoreUnavailable,
)
from domain.identity import Stream

_SQL = {name: text.encode() for name, text in load_sql("adapters.event_store").items()}
_TAIL_BATCH: Final = 500
READ_CONNECTIONS: Final = 4

RowWriter = Callable[[AsyncConnection[Any], Any, Save], Awaitable[None]]
"""Writes the rows of one value of `Save.rows` in the save's transaction, before its events."""
ManyRowsWriter = Callable[[AsyncConnection[Any], Sequence[Any]], Awaitable[None]]
"""Writes those of many values of a class at once, after all rows that are written one by one."""


class PostgresEventStore:
    """See the port. Make it with `open` inside a running event loop; `close` it, or use it as a context manager."""

    def __init__(
        self,
        url: str,
        codec: Codec,
        pool: "AsyncConnectionPool[AsyncConnection[tuple[Any, ...]]]",
        row_writers: Mapping[type, RowWriter],
        many_rows_writers: Mapping[type, ManyRowsWriter],
        patience: float,
    ) -> None:
        self._url = url
        self._codec = codec
        self._pool = pool
        self._row_writers = row_writers
        self._many_rows_writers = many_rows_writers
        self._writer = GroupWriter(LiveConnection(url, "append", patience))
        self._loader = Loader(LiveConnection(url, "load", patience), codec)
        self._lanes = Lanes(url, "read", READ_CONNECTIONS, patience)
        self._hints: Hints | None = None

    @classmethod
    async def open(
        cls,
        url: str,
        codec: Codec,
        *,
        row_writers: Mapping[type, RowWriter] | None = None,
        many_rows_writers: Mapping[type, ManyRowsWriter] | None = None,
        pool_size: int = 8,
        patience: float = PATIENCE,
    ) -> Self:
        """Connect. `row_writers`: by the class of a value in `Save.rows`; `many_rows_writers` win over them. The schema
        must be there (adapters.migrate).

        `pool_size` bounds the connections for saves with rows (besides them the store has seven of its own);
        `patience` is how many seconds a call waits for a database that is away. Raises StoreUnavailable.
        """
        pool = AsyncConnectionPool(
            url,
            kwargs={"autocommit": True, "application_name": "ledgerline rows", **CONNECTION_OPTIONS},
            min_size=1,
            max_size=pool_size,
            open=False,
            timeout=patience,
            configure=_configure,
            check=AsyncConnectionPool.check_connection,
        )
        try:
            await pool.open(wait=True, timeout=patience)
        except PoolTimeout as error:
            await pool.close()
            raise StoreUnavailable(f"The database did not answer for {patience:g} s. Is it up?") from error
        return cls(url, codec, pool, row_writers or {}, many_rows_writers or {}, patience)

    async def close(self) -> None:
        """Store what waits, answer what was asked, and close all connections."""
        await self._writer.close()
        await self._loader.close()
        if self._hints is not None:
            await self._hints.close()
        await self._lanes.close()
        await self._pool.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def load(self, stream: Stream, *, to_version: int | None = None) -> History:
        """See the port."""
        return await self._loader.load(stream, to_version)

    async def load_many(self, streams: Sequence[Stream]) -> Mapping[Stream, History]:
        """See the port."""
        return dict(zip(streams, await self._loader.load_many(streams), strict=True))

    async def load_by_key(self, record_key: UUID, kind: str) -> Sequence[History]:
        """See the port; in order of the streams' ids."""
        own = str(Stream(kind, record_key))
        rows = await self._fetch("streams_by_key", {"key": record_key, "kind": kind, "own": own})
        streams = [Stream.parse(row[0]) for row in rows]
        return list((await self.load_many(streams)).values())

    async def load_by_keys(self, record_keys: Sequence[UUID], kind: str) -> Mapping[UUID, Sequence[History]]:
        """See the port; each in order of the streams' ids."""
        rows = await self._fetch("streams_by_keys", {"keys": list(record_keys), "kind": kind})
        of = {Stream.parse(name): key for name, key in rows}
        found: dict[UUID, list[History]] = {}
        for stream, history in (await self.load_many(list(of))).items():
            found.setdefault(of[stream], []).append(history)
        return found

    async def load_having(
        self, record_key: UUID, kind: str, types: Sequence[str], *, after: Stream | None = None, limit: int = 100
    ) -> Sequence[History]:
        """See the port."""
        wanted = {"key": record_key, "kind": kind, "own": str(Stream(kind, record_key)), "types": list(types)}
        after_this = "" if after is None else str(after)
        rows = await self._fetch("streams_by_key_having", {**wanted, "after": after_this, "limit": limit})
        return list((await self.load_many([Stream.parse(row[0]) for row in rows])).values())

    async def append(self, save: Save) -> Appended:
        """See the port. Raises also EventTooLarge and ValueError for what cannot be stored, StoreUnavailable."""
        for write in save.writes:
            if self._codec.any_personal(write.facts):
                encoded = await asyncio.to_thread(self._encode_personal, save)  # the key vault may block
                break
        else:
            encoded = encode_save(save, self._codec)
        return await (self._append_with_rows(encoded) if save.rows else self._writer.append(encoded))

    def _encode_personal(self, save: Save) -> EncodedSave:
        self._codec.make_keys(fact for write in save.writes for fact in write.facts)
        return encode_save(save, self._codec)

    async def _append_with_rows(self, save: EncodedSave) -> Appended:
        several = [rows for rows in save.save.rows if type(rows) in self._many_rows_writers]
        alone = [(self._row_writer(rows), rows) for rows in save.save.rows if type(rows) not in self._many_rows_writers]
        try:
            async with self._pool.connection() as connection, connection.transaction():
                for write, rows in alone:
                    await write(connection, rows, save.save)
                for kind in dict.fromkeys(map(type, several)):
                    await self._many_rows_writers[kind](connection, [rows for rows in several if type(rows) is kind])
                async with connection.cursor() as cursor:
                    (outcome,) = await append_group(cursor, [save])
                if isinstance(outcome, Exception):
                    raise outcome
        except PoolTimeout as error:
            raise StoreUnavailable("No connection to the database; nothing of the save was stored.") from error
        except psycopg.Error as error:
            if not is_outage(error):
                raise
            return await self._find_out(save, error)
        return outcome

    async def _find_out(self, save: EncodedSave, error: Exception) -> Appended:
        """Whether a save whose transaction died had been committed."""
        for write in reversed(save.save.writes):
            if not write.facts:
                continue
            version = write.after.version + len(write.facts)
            digest = save.last_hashes[write.after.stream]
            await self._fetch("wait_for_appends", ())
            rows = await self._fetch("own_position", (str(write.after.stream), version, digest))
            if rows:
                return Appended(rows[0][0])
            raise StoreUnavailable(f"Nothing of the save was stored: {error}") from error
        raise StoreUnavailable(f"Whether the save was stored is not known: {error}") from error

    def _row_writer(self, rows: Rows) -> RowWriter:
        try:
            return self._row_writers[type(rows)]
        except KeyError:
            raise TypeError(f"no writer is registered for rows of {type(rows).__name__}; see the wiring") from None

    async def answered(self, scope: str, key: str) -> StoredAnswer | None:
        """See the port."""
        rows = await self._fetch("answered", (scope, key))
        columns = ("digest", "status", "body", "headers", "position")
        return stored_answer(dict(zip(columns, rows[0], strict=True))) if rows else None

    async def owner_of(self, kind: str, key: str) -> UUID | None:
        """See the port."""
        rows = await self._fetch("owner_of", (kind, key))
        return rows[0][0] if rows else None

    async def history(self, stream: Stream, *, after: int = 0, limit: int = 1000) -> Sequence[Recorded]:
        """See the port."""
        rows = await self._fetch("stream_events", {"stream": str(stream), "after": after, "limit": limit})
        return await self._recorded(rows)

    async def read(
        self,
        *,
        after: int,
        limit: int,
        types: Sequence[str] = (),
        kinds: Sequence[str] = (),
        upto: int | None = None,
    ) -> Sequence[Recorded]:
        """See the port."""
        wanted = {"after": after, "limit": limit, "types": list(types), "kinds": list(kinds)}
        return await self._recorded(await self._fetch("feed", {**wanted, "upto": ALL if upto is None else upto}))

    async def head(self) -> int:
        """See the port."""
        position: int = (await self._fetch("head", ()))[0][0]
        return position

    async def version_at(self, stream: Stream, instant: datetime) -> int:
        """See the port."""
        version: int = (await self._fetch("version_at", {"stream": str(stream), "instant": instant}))[0][0]
        return version

    async def tail(self, after: int) -> AsyncIterator[Recorded]:
        """See the port. Rides out a database that is away, however long."""
        if self._hints is None:
            self._hints = Hints(self._url)
        while True:
            seen = self._hints.count
            try:
                batch = await self.read(after=after, limit=_TAIL_BATCH)
            except StoreUnavailable:
                batch = []
            for event in batch:
                after = event.position
                yield event
            if len(batch) < _TAIL_BATCH:
                await self._hints.wait(seen)

    async def appended(self, seen: int, seconds: float) -> int:
        """Return when something was appended since `seen`, by any process; at the latest after so many seconds.

        What is seen now, from 0 at the first call. A hint only: one can be lost while the database is away.
        """
        if self._hints is None:
            self._hints = Hints(self._url)
        await self._hints.wait(seen, seconds)
        return self._hints.count

    async def purge_expired_answers(self, limit: int = 10_000) -> int:
        """Remove answers past their time, at most so many; how many were removed. A job calls it until it is 0."""
        async with self._pool.connection() as connection:
            return (await connection.execute(_SQL["purge_answers"], (limit,))).rowcount

    async def _recorded(self, rows: Sequence[tuple[Any, ...]]) -> Sequence[Recorded]:
        stored = [stored_row(row) for row in rows]
        if any(self._codec.is_personal(row.type, row.schema_version) for row in stored):
            return await asyncio.to_thread(self._decode_personal, stored)
        return self._decode(stored)

    def _decode_personal(self, rows: Sequence[StoredRow]) -> list[Recorded]:
        self._codec.ask_for_keys(row.data for row in rows if self._codec.is_personal(row.type, row.schema_version))
        return self._decode(rows)

    def _decode(self, rows: Sequence[StoredRow]) -> list[Recorded]:
        return [recorded(row, self._codec) for row in rows]

    async def _fetch(self, name: str, arguments: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
        return await self._lanes.fetch(_SQL[name], arguments)


async def _configure(connection: AsyncConnection[Any]) -> None:
    await register_records(connection)
