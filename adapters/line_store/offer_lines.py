"""The port to the lines of usage offers on PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.sql_files import load_sql
from commands.ports.offer_lines import OfferedLine, OfferSpan

_SQL = load_sql("adapters.line_store")


class StoredOfferLines:
    """`commands.ports.offer_lines.OfferLines`; the pool's connections are in autocommit mode."""

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]") -> None:
        self._pool = pool

    async def spans(self, resolution: int, populations: Sequence[int], keys: Sequence[str]) -> Mapping[str, OfferSpan]:
        """See the port."""
        values = {"resolution": resolution, "populations": list(populations), "keys": list(keys)}
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_SQL["spans"], values)).fetchall()
        return {row[0]: OfferSpan(*row[1:]) for row in rows}

    async def days(self, resolution: int, populations: Sequence[int], key: str) -> Sequence[tuple[int, date]]:
        """See the port."""
        values = {"resolution": resolution, "populations": list(populations), "key": key}
        async with self._pool.connection() as connection:
            return await (await connection.execute(_SQL["days"], values)).fetchall()

    async def bought(self, resolution: int, populations: Sequence[int], key: str) -> Sequence[OfferedLine]:
        """See the port."""
        values = {"resolution": resolution, "populations": list(populations), "key": key}
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_SQL["bought"], values)).fetchall()
        return [OfferedLine(*row) for row in rows]
