"""Letters that are not out yet, in PostgreSQL: written with their facts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.sql_files import load_sql
from commands.ports.event_store import Save
from commands.ports.outbox import OutboxRow
from domain.identity import Stream

_SQL = load_sql("adapters.mail")


async def write_outbox(connection: AsyncConnection[Any], row: OutboxRow, _save: Save) -> None:
    """The writer of `OutboxRow`, in the transaction of the letter's facts."""
    if row.due is None:
        await connection.execute(_SQL["drop_letter"], {"subject": str(row.letter)})
    else:
        await connection.execute(_SQL["put_letter"], {"subject": str(row.letter), "due": row.due})


class StoredOutbox:
    """`commands.ports.outbox.Outbox` on PostgreSQL."""

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]") -> None:
        self._pool = pool

    async def due(self, now: datetime, limit: int) -> Sequence[Stream]:
        """Letters that may be tried now, those due longest first."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_SQL["due_letters"], {"now": now, "limit": limit})
            return [Stream.parse(subject) for (subject,) in await cursor.fetchall()]

    async def postpone(self, letter: Stream, until: datetime) -> None:
        """Look at a letter later, without a fact."""
        async with self._pool.connection() as connection:
            await connection.execute(_SQL["postpone_letter"], {"subject": str(letter), "until": until})
