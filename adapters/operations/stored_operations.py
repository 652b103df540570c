"""The port to operations on PostgreSQL: claimed with SKIP LOCKED, kept by a lease, fenced by a token."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from adapters.operations.row_writers import put_item, put_items
from adapters.sql_files import load_sql
from commands.ports.operations import (
    Claimed,
    Hold,
    Item,
    Operation,
    OperationFilter,
    OperationLost,
    PutItem,
)

_SQL = load_sql("adapters.operations")


class StoredOperations:
    """`commands.ports.operations.Operations`; the pool's connections are in autocommit mode."""

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]") -> None:
        self._pool = pool

    async def get(self, operation: UUID) -> Operation | None:
        """See the port."""
        return _first(await self._rows("get_operation", {"operation": operation}))

    async def open_with(self, kind: str, key: str) -> Operation | None:
        """See the port."""
        return _first(await self._rows("open_operation", {"kind": kind, "key": key}))

    async def items(self, operation: UUID, *, after: int = 0, limit: int = 1000) -> Sequence[Item]:
        """See the port."""
        rows = await self._rows("items", {"operation": operation, "after": after, "limit": limit})
        return [Item(**row) for row in rows]

    async def item_counts(self, operation: UUID) -> Mapping[str, int]:
        """See the port."""
        rows = await self._rows("item_counts", {"operation": operation})
        return {row["outcome"]: row["count"] for row in rows}

    async def newest(self, which: OperationFilter, *, limit: int = 25) -> Sequence[Operation]:
        """See the port."""
        values = {"kinds": list(which.kinds), "statuses": list(which.statuses), "limit": limit}
        return [_operation(row) for row in await self._rows("newest_operations", values)]

    async def claim(self, worker: str, kinds: Sequence[str], lease_seconds: float, now: datetime) -> Claimed | None:
        """See the port."""
        values = {"worker": worker, "kinds": list(kinds), "lease": lease_seconds, "now": now}
        rows = await self._rows("claim", values)
        if not rows:
            return None
        return Claimed(_operation(rows[0]), Hold(rows[0]["operation"], rows[0]["token"]))

    async def renew(self, hold: Hold, lease_seconds: float) -> bool:
        """See the port."""
        values = {**_mine(hold), "lease": lease_seconds}
        async with self._pool.connection() as connection:
            # Each for itself: a save locks the import before the operation, and must not wait for one who waits for it.
            await connection.execute(_SQL["renew_imports"], values)
            row = await (await connection.execute(_SQL["renew"], values)).fetchone()
        if row is None:
            raise OperationLost(hold.operation)
        return bool(row[0])

    async def expect(self, hold: Hold, total: int | None) -> None:
        """See the port."""
        await self._change("expect", {**_mine(hold), "total": total}, hold)

    async def put_item(self, item: PutItem) -> None:
        """See the port."""
        async with self._pool.connection() as connection, connection.transaction():
            await put_item(connection, item)

    async def put_items(self, items: Sequence[PutItem]) -> None:
        """See the port."""
        async with self._pool.connection() as connection, connection.transaction():
            await put_items(connection, items)

    async def end(
        self, hold: Hold, status: Literal["done", "failed", "cancelled"], message: str | None, now: datetime
    ) -> None:
        """See the port."""
        await self._change("end_operation", {**_mine(hold), "status": status, "message": message, "now": now}, hold)

    async def give_back(self, hold: Hold, *, seconds: float = 0.0, message: str | None = None) -> None:
        """See the port."""
        values = {**_mine(hold), "seconds": seconds, "message": message}
        async with self._pool.connection() as connection:
            await connection.execute(_SQL["give_back"], values)

    async def request_cancel(self, operation: UUID, now: datetime) -> Operation | None:
        """See the port."""
        changed = _first(await self._rows("request_cancel", {"operation": operation, "now": now}))
        return changed or await self.get(operation)

    async def purge(self, before: datetime, *, limit: int = 100) -> int:
        """See the port."""
        async with self._pool.connection() as connection:
            return (await connection.execute(_SQL["purge_operations"], {"before": before, "limit": limit})).rowcount

    async def _change(self, name: str, values: Mapping[str, object], hold: Hold) -> None:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_SQL[name], values)
        if cursor.rowcount == 0:
            raise OperationLost(hold.operation)

    async def _rows(self, name: str, values: Mapping[str, object]) -> list[DictRow]:
        async with self._pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(_SQL[name], values)
            return await cursor.fetchall()


def _mine(hold: Hold) -> dict[str, object]:
    return {"operation": hold.operation, "token": hold.token}


def _first(rows: Sequence[DictRow]) -> Operation | None:
    return _operation(rows[0]) if rows else None


_COLUMNS = (
    "kind", "input", "unit", "actor", "agent", "command_id", "correlation_id", "traceparent", "created_at", "status",
    "done", "total", "cancel_requested", "message", "tries", "losses", "started_at", "ended_at",
)  # fmt: skip


def _operation(row: DictRow) -> Operation:
    return Operation(id=row["operation"], key=row["natural_key"], **{name: row[name] for name in _COLUMNS})
