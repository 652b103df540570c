"""The port to what is kept of contracts beside their streams, on PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.sql_files import load_sql
from commands.ports.verifying import KeptTransaction, TakenRun

_SQL = load_sql("adapters.verifying")


class StoredContracts:
    """`commands.ports.verifying.KeptContracts`; the pool's connections are in autocommit mode."""

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]") -> None:
        self._pool = pool

    async def contracts(self, after: UUID, limit: int) -> Sequence[UUID]:
        """See the port."""
        return [row[0] for row in await self._all("contracts", {"after": after, "limit": limit})]

    async def transactions(self, contracts: Sequence[UUID]) -> Sequence[KeptTransaction]:
        """See the port."""
        rows = await self._all("contract_transactions", {"contracts": list(contracts)})
        return [KeptTransaction(*row) for row in rows]

    async def taken(self, contracts: Sequence[UUID]) -> Sequence[TakenRun]:
        """See the port."""
        return [TakenRun(*row) for row in await self._all("contract_taken", {"contracts": list(contracts)})]

    async def _all(self, name: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as connection:
            return await (await connection.execute(_SQL[name], values)).fetchall()
