"""The port to imports under way on PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool
from pydantic import TypeAdapter

from adapters.sql_files import load_sql
from commands.ports.imports import ImportRun, ProviderList
from commands.ports.operations import Hold
from commands.ports.provider_files import MappingSource, OfferedInvoice

_SQL = load_sql("adapters.imports")
_LIST = TypeAdapter(list[OfferedInvoice])


class StoredImports:
    """`commands.ports.imports.Imports`; the pool's connections are in autocommit mode."""

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]") -> None:
        self._pool = pool

    async def begin(
        self, invoice: UUID, provider: str, number: str, hold: Hold, lease_seconds: float, now: datetime
    ) -> ImportRun | None:
        """See the port."""
        values = {"provider": provider, "number": number, "lease": lease_seconds, "now": now}
        rows = await self._rows("begin", {**_mine(invoice, hold), **values})
        return ImportRun(*rows[0]) if rows else None

    async def leave(self, invoice: UUID, hold: Hold, *, lost: bool = False) -> None:
        """See the port."""
        await self._run("leave", {**_mine(invoice, hold), "lost": int(lost)})

    async def forget(self, invoice: UUID) -> None:
        """See the port."""
        await self._run("forget", {"invoice": invoice})

    async def idle_since(self, before: datetime) -> Sequence[ImportRun]:
        """See the port."""
        return [ImportRun(*row) for row in await self._rows("idle_since", {"before": before})]

    async def mapping(self, name: str) -> tuple[MappingSource, Mapping[str, tuple[str, ...]]] | None:
        """See the port."""
        rows = await self._rows("mapping", {"name": name})
        if not rows:
            return None
        content = rows[0][0]
        return content["mapping"], {by: tuple(values) for by, values in content["split"].items()}

    async def put_list(self, provider: str, asked: ProviderList) -> None:
        """See the port."""
        listed = None if asked.invoices is None else Jsonb(_LIST.dump_python(list(asked.invoices), mode="json"))
        values = {"provider": provider, "asked_at": asked.asked_at, "listed": listed, "problem": asked.problem}
        await self._run("put_list", values)

    async def last_list(self, provider: str) -> ProviderList | None:
        """See the port."""
        rows = await self._rows("last_list", {"provider": provider})
        if not rows:
            return None
        asked_at, listed, problem = rows[0]
        return ProviderList(asked_at, None if listed is None else _LIST.validate_python(listed), problem)

    async def _run(self, name: str, values: Mapping[str, object]) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(_SQL[name], values)

    async def _rows(self, name: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as connection:
            return await (await connection.execute(_SQL[name], values)).fetchall()


def _mine(invoice: UUID, hold: Hold) -> dict[str, object]:
    return {"invoice": invoice, "holder": hold.operation, "token": hold.token}
