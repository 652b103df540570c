"""Rows of operations that ride in a save's transaction, before the order lock is taken."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from adapters.sql_files import load_sql
from commands.ports.event_store import Conflict, Save
from commands.ports.operations import Hold, Item, NewOperation, OperationLost, PutItem, PutProgress
from domain.identity import Stream

_SQL = load_sql("adapters.operations")


async def put_operation(connection: AsyncConnection[Any], rows: NewOperation, _: Save | None = None) -> None:
    """Begin it. Conflict, so that the command decides again, when one with its natural key is open."""
    new = rows.operation
    values = {
        "operation": new.id,
        "kind": new.kind,
        "key": new.key,
        "input": Jsonb(dict(new.input)),
        "unit": new.unit,
        "actor": new.actor,
        "agent": new.agent,
        "command_id": new.command_id,
        "correlation_id": new.correlation_id,
        "traceparent": new.traceparent,
        "created_at": new.created_at,
    }
    cursor = await connection.execute(_SQL["put_operation"], values)
    if cursor.rowcount == 0:
        raise Conflict(Stream("operation", new.id))


async def put_item(connection: AsyncConnection[Any], rows: PutItem, _: Save | None = None) -> None:
    """Write the result, unless the name has one."""
    await _held(connection, rows.hold)
    item = rows.item
    values = {
        "operation": rows.hold.operation,
        "name": item.name,
        "outcome": item.outcome,
        "detail": item.detail,
        "href": item.href,
        "ended_at": rows.ended_at,
        "data": _json(item),
    }
    await connection.execute(_SQL["put_item"], values)


async def put_items(connection: AsyncConnection[Any], rows: Sequence[PutItem]) -> None:
    """Write many results at once, those of one operation together."""
    by_hold: dict[Hold, list[PutItem]] = {}
    for row in rows:
        by_hold.setdefault(row.hold, []).append(row)
    for hold, items in by_hold.items():
        await _held(connection, hold)
        values = {
            "operation": hold.operation,
            "names": [row.item.name for row in items],
            "outcomes": [row.item.outcome for row in items],
            "details": [row.item.detail for row in items],
            "hrefs": [row.item.href for row in items],
            "ended_at": items[-1].ended_at,
            "data": [_json(row.item) for row in items],
        }
        await connection.execute(_SQL["put_items"], values)


async def put_progress(connection: AsyncConnection[Any], rows: PutProgress, _: Save | None = None) -> None:
    """Count the lines."""
    values = {"operation": rows.hold.operation, "token": rows.hold.token, "lines": rows.lines}
    cursor = await connection.execute(_SQL["put_progress"], values)
    if cursor.rowcount == 0:
        raise OperationLost(rows.hold.operation)


def _json(item: Item) -> str | None:
    return None if item.data is None else json.dumps(item.data)


async def _held(connection: AsyncConnection[Any], hold: Hold) -> None:
    cursor = await connection.execute(_SQL["hold"], {"operation": hold.operation, "token": hold.token})
    if cursor.rowcount == 0:
        raise OperationLost(hold.operation)


ROW_WRITERS: Final[Mapping[type, Callable[[AsyncConnection[Any], Any, Save], Awaitable[None]]]] = MappingProxyType(
    {NewOperation: put_operation, PutItem: put_item, PutProgress: put_progress}
)
"""By the class of a value in `Save.rows`, for the event store."""

MANY_ROWS_WRITERS: Final[Mapping[type, Callable[[AsyncConnection[Any], Sequence[Any]], Awaitable[None]]]] = (
    MappingProxyType({PutItem: put_items})
)
"""The same for rows of hundreds of saves that go in one transaction."""
