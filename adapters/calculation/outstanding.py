"""The port to work that may still change an invoice, on PostgreSQL."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.sql_files import load_sql

_SQL = load_sql("adapters.calculation")


class StoredOutstanding:
    """`commands.ports.outstanding.Outstanding`; the pool's connections are in autocommit mode."""

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]") -> None:
        self._pool = pool

    async def among(self, invoices: Sequence[UUID]) -> frozenset[UUID]:
        """See the port."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_SQL["outstanding"], {"invoices": list(invoices)})
            return frozenset(row[0] for row in await cursor.fetchall())
