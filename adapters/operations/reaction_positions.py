"""How far each reaction has read the feed; a position never goes back."""

from typing import Any

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.sql_files import load_sql

_SQL = load_sql("adapters.operations")


class ReactionPositions:
    """One position a reaction, shared by all workers."""

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]") -> None:
        self._pool = pool

    async def get(self, reaction: str) -> int:
        """The position of the last event that it has dealt with; 0 at first."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_SQL["reaction_position"], {"reaction": reaction})).fetchone()
        return int(row[0]) if row else 0

    async def put(self, reaction: str, position: int) -> None:
        """It has dealt with all up to here."""
        async with self._pool.connection() as connection:
            await connection.execute(_SQL["put_reaction_position"], {"reaction": reaction, "position": position})
