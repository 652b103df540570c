"""The port to what bulk operations are about, on PostgreSQL."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.sql_files import load_sql
from commands.ports.bulk_targets import BulkTarget, PutTargets
from commands.ports.event_store import Save

_SQL = load_sql("adapters.bulk")


class StoredTargets:
    """`commands.ports.bulk_targets.BulkTargets`; the pool's connections are in autocommit mode."""

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]") -> None:
        self._pool = pool

    async def remaining(self, operation: UUID, limit: int) -> Sequence[UUID]:
        """See the port."""
        return [row[0] for row in await self._rows("remaining", operation=operation, limit=limit)]

    async def page(self, operation: UUID, *, after: int, limit: int) -> Sequence[BulkTarget]:
        """See the port."""
        rows = await self._rows("page_of_targets", operation=operation, after=after, limit=limit)
        return [BulkTarget(*row) for row in rows]

    async def without_result(self, operation: UUID, targets: Sequence[UUID]) -> frozenset[UUID]:
        """See the port."""
        rows = await self._rows("without_result", operation=operation, targets=list(targets))
        return frozenset(row[0] for row in rows)

    async def count(self, operation: UUID) -> int:
        """See the port."""
        ((count,),) = await self._rows("count_targets", operation=operation)
        return int(count)

    async def _rows(self, statement: str, /, **values: object) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as connection:
            return await (await connection.execute(_SQL[statement], values)).fetchall()


async def put_targets(connection: AsyncConnection[Any], rows: PutTargets, _: Save) -> None:
    """Keep them beside the operation."""
    asked = json.dumps(rows.asked)  # as one text: a list of texts is quoted one by one
    values = {"operation": rows.operation, "targets": list(rows.targets), "asked": asked}
    await connection.execute(_SQL["put_targets"], values)


ROW_WRITERS: Final[Mapping[type, Callable[[AsyncConnection[Any], Any, Save], Awaitable[None]]]] = MappingProxyType(
    {PutTargets: put_targets}
)
"""By the class of a value in `Save.rows`, for the event store."""
