"""The port to where purchases are, as their places say, on PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.sql_files import load_sql
from commands.ports.verifying import Lost, PlacedBatch

_SQL = load_sql("adapters.verifying")


class StoredPlaces:
    """`commands.ports.verifying.Places`; the pool's connections are in autocommit mode."""

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]") -> None:
        self._pool = pool

    async def invoice_count(self) -> int:
        """See the port."""
        ((count,),) = await self._all("invoice_count", {})
        return int(count)

    async def invoices(self, after: UUID, limit: int) -> Sequence[UUID]:
        """See the port."""
        return [row[0] for row in await self._all("invoices", {"after": after, "limit": limit})]

    async def placed(self, invoices: Sequence[UUID]) -> Sequence[PlacedBatch]:
        """See the port."""
        return [PlacedBatch(*row) for row in await self._all("placed", {"invoices": list(invoices)})]

    async def lost(self, limit: int) -> tuple[Sequence[Lost], int]:
        """See the port."""
        rows = await self._all("lost", {"limit": limit})
        return [Lost(*row[:-1]) for row in rows], rows[0][-1] if rows else 0

    async def calculation_count(self) -> int:
        """How many calculations there are to run again."""
        ((count,),) = await self._all("calculation_count", {})
        return int(count)

    async def _all(self, name: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as connection:
            return await (await connection.execute(_SQL[name], values)).fetchall()
