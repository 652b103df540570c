"""Rows of imports that ride in a save's transaction, before the order lock is taken."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from adapters.sql_files import load_sql
from commands.ports.event_store import Save
from commands.ports.imports import AwaitImport, EndImport, HoldImport, KeepMapping
from commands.ports.operations import OperationLost

_SQL = load_sql("adapters.imports")


async def hold_import(connection: AsyncConnection[Any], rows: HoldImport, _: Save) -> None:
    """Go on only while nobody else has taken the import."""
    values = {
        "invoice": rows.provider_invoice,
        "attempt": rows.attempt,
        "holder": rows.hold.operation,
        "token": rows.hold.token,
        "at": rows.at,
    }
    cursor = await connection.execute(_SQL["hold"], values)
    if cursor.rowcount == 0:
        raise OperationLost(rows.hold.operation)


async def await_import(connection: AsyncConnection[Any], rows: AwaitImport, _: Save) -> None:
    """Nobody is at it yet."""
    values = {
        "invoice": rows.provider_invoice,
        "provider": rows.provider,
        "number": rows.number,
        "attempt": rows.attempt,
        "at": rows.at,
    }
    await connection.execute(_SQL["await"], values)


async def end_import(connection: AsyncConnection[Any], rows: EndImport, _: Save) -> None:
    """It is over."""
    await connection.execute(_SQL["forget"], {"invoice": rows.provider_invoice})


async def keep_mapping(connection: AsyncConnection[Any], rows: KeepMapping, _: Save) -> None:
    """Keep what a name of a mapping stands for."""
    content = {"mapping": rows.mapping, "split": {by: list(values) for by, values in rows.split.items()}}
    await connection.execute(_SQL["keep_mapping"], {"name": rows.name, "content": Jsonb(content)})


ROW_WRITERS: Final[Mapping[type, Callable[[AsyncConnection[Any], Any, Save], Awaitable[None]]]] = MappingProxyType(
    {AwaitImport: await_import, HoldImport: hold_import, EndImport: end_import, KeepMapping: keep_mapping}
)
"""By the class of a value in `Save.rows`, for the event store."""
