"""The port to contracts with usage lines, on PostgreSQL. The rows are kept by `adapters.usage_due`, as it reads on."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.sql_files import load_sql
from commands.ports.usage_contracts import ContractChange, WaitsFor

_SQL = load_sql("adapters.usage_contracts")


class StoredUsageContracts:
    """`commands.ports.usage_contracts.UsageContracts`; the pool's connections are in autocommit mode."""

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]") -> None:
        self._pool = pool

    async def of(self, customers: Sequence[str]) -> Mapping[str, Sequence[UUID]]:
        """See the port."""
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_SQL["of"], {"customers": list(customers)})).fetchall()
        found: dict[str, list[UUID]] = {}
        for customer, contract in rows:
            found.setdefault(customer, []).append(contract)
        return found

    async def changed_since(self, position: int, limit: int) -> Sequence[ContractChange]:
        """See the port."""
        values = {"after": position, "limit": limit}
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_SQL["changed_since"], values)).fetchall()
        return [ContractChange(at, customers, entry) for at, customers, entry in rows]

    async def missing_providers(self, wanted: Sequence[WaitsFor]) -> Mapping[UUID, Sequence[str]]:
        """See the port."""
        values = {
            "entries": [one.entry for one in wanted for _ in one.customers],
            "customers": [customer for one in wanted for customer in one.customers],
            "firsts": [one.first for one in wanted for _ in one.customers],
            "lasts": [one.last for one in wanted for _ in one.customers],
            "reach": [one.reach for one in wanted for _ in one.customers],
        }
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_SQL["missing_providers"], values)).fetchall()
        found: dict[UUID, list[str]] = {}
        for entry, provider in rows:
            found.setdefault(entry, []).append(provider)
        return found
