"""The port to post-invoicing tasks that are to be done, on PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.feed_types import reads_any, types_between
from adapters.sql_files import load_sql
from commands.ports.tasks import DueTask, Waiting
from domain.customer_invoice.task_events import TaskName

_SQL = load_sql("adapters.tasks")
PAGE: Final = 50_000
"""Positions of the feed that are read in one transaction."""


class StoredTasksDue:
    """`commands.ports.tasks.TasksDue`; the pool's connections are in autocommit mode."""

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]") -> None:
        self._pool = pool

    async def note(self) -> int:
        """See the port. The position is stored in the same transaction as what was found."""
        noted, more = 0, True
        while more:
            async with self._pool.connection() as connection, connection.transaction():
                found, more = await _note(connection)
            noted += found
        return noted

    async def claim(self, task: TaskName, limit: int, now: datetime, lease: float) -> Sequence[DueTask]:
        """See the port."""
        asked = {"task": task, "limit": limit, "now": now, "lease": lease}
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_SQL["claim"], asked)).fetchall()
        return [DueTask(*row) for row in rows]

    async def done(self, due: DueTask) -> None:
        """See the port."""
        await self._run("done", asdict(due))

    async def later(self, due: DueTask, at: datetime) -> None:
        """See the port."""
        await self._run("later", {**asdict(due), "at": at})

    async def hurry(self, invoice: UUID, task: TaskName) -> None:
        """See the port."""
        await self._run("hurry", {"invoice": invoice, "task": task})

    async def waiting(self, invoice: UUID) -> Mapping[TaskName, Waiting]:
        """See the port."""
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_SQL["waiting"], {"invoice": invoice})).fetchall()
        return {task: Waiting(tries, due_at, bool(running)) for task, tries, due_at, running in rows}

    async def _run(self, statement: str, values: Mapping[str, object]) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(_SQL[statement], values)


async def _note(connection: AsyncConnection[Any]) -> tuple[int, bool]:
    """One page of the feed; how many rows moved by it, and whether there is more."""
    row = await (await connection.execute(_SQL["feed_read"])).fetchone()
    if row is None:
        begun = await connection.execute(_SQL["begin_feed"])
        return 0, begun.rowcount == 1
    after = int(row[0])
    head = await (await connection.execute(_SQL["feed_head"])).fetchone()
    last = int(head[0]) if head else 0
    if last <= after:
        return 0, False
    page = {"after": after, "upto": min(last, after + PAGE)}
    types = await types_between(connection, page["after"], page["upto"])
    moved = 0
    for statement in (_SQL["note_said"], _SQL["note_approved"], _SQL["note_ended"]):
        if reads_any(statement, types):
            moved += (await connection.execute(statement, page)).rowcount
    await connection.execute(_SQL["feed_done"], page)
    return moved, page["upto"] < last
