"""The port to work that may still change an invoice, on PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.sql_files import load_sql

_SQL = load_sql("adapters.calculation")
_MOST: Final = 50_000
"""Events of the feed that are looked at when nobody has read them yet: what its reader takes in one turn."""


class StoredOutstanding:
    """`commands.ports.outstanding.Outstanding`; the pool's connections are in autocommit mode."""

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]") -> None:
        self._pool = pool

    async def among(self, invoices: Sequence[UUID]) -> Mapping[UUID, int]:
        """See the port."""
        async with self._pool.connection() as connection:
            asked = {"invoices": list(invoices), "most": _MOST}
            return dict(await (await connection.execute(_SQL["outstanding"], asked)).fetchall())
