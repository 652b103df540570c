"""The port to previews that were shown, on PostgreSQL."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.sql_files import load_sql

_SQL = load_sql("adapters.previews")


class StoredPreviews:
    """`commands.ports.previews.Previews`; the pool's connections are in autocommit mode."""

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]") -> None:
        self._pool = pool

    async def keep(self, contract: UUID, digest: str, document: str, at: datetime) -> None:
        """See the port."""
        async with self._pool.connection() as connection:
            values = {"digest": digest, "contract": contract, "document": document, "at": at}
            await connection.execute(_SQL["keep"], values)

    async def find(self, contract: UUID, digest: str) -> str | None:
        """See the port."""
        async with self._pool.connection() as connection:
            found = await connection.execute(_SQL["find"], {"digest": digest, "contract": contract})
            row = await found.fetchone()
        return None if row is None else str(row[0])

    async def purge(self, before: datetime, *, limit: int = 1_000) -> int:
        """See the port."""
        async with self._pool.connection() as connection:
            return (await connection.execute(_SQL["purge"], {"before": before, "limit": limit})).rowcount
