"""Changes of purchases' places, in the transaction of a save or on their own."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from psycopg import AsyncConnection

from adapters.sql_files import load_sql
from commands.ports.event_store import Conflict, Save
from commands.ports.purchases import HandOver, Move, MoveAll, TakeFromEntry, TakeIn
from domain.identity import Stream

_SQL = load_sql("adapters.purchases")
_NOWHERE: Final = "00000000-0000-0000-0000-000000000000"


async def take_in(connection: AsyncConnection[Any], rows: TakeIn, _: Save) -> None:
    """They are on the invoice now; Conflict when one of them went elsewhere in the meantime."""
    values = {"seqs": list(rows.seqs), "invoice": rows.invoice, "batch": rows.batch}
    cursor = await connection.execute(_SQL["take_in"], values)
    if cursor.rowcount != len(rows.seqs):
        raise Conflict(Stream("customer-invoice", rows.invoice))


async def take_from_entry(connection: AsyncConnection[Any], rows: TakeFromEntry, _: Save) -> None:
    """The same for what waited for a contract's cycle."""
    values = {"seqs": list(rows.seqs), "entry": rows.entry, "invoice": rows.invoice, "batch": rows.batch}
    cursor = await connection.execute(_SQL["take_from_entry"], values)
    if cursor.rowcount != len(rows.seqs):
        raise Conflict(Stream("customer-invoice", rows.invoice))


async def hand_over(connection: AsyncConnection[Any], rows: HandOver, _: Save) -> None:
    """They are on the other invoice now, in the batches that they were in."""
    values = {"batches": list(rows.batches), "invoice": rows.invoice, "to": rows.to}
    cursor = await connection.execute(_SQL["hand_over"], values)
    if cursor.rowcount != sum(rows.batches.values()):
        raise Conflict(Stream("customer-invoice", rows.invoice))


async def move(connection: AsyncConnection[Any], rows: Move, _: Save | None = None) -> None:
    """They have another place now; Conflict when one of them was not where the caller saw it."""
    values = {
        "seqs": list(rows.seqs),
        "at": rows.at,
        "destination": rows.destination,
        "state": rows.to.state,
        "to": rows.to.destination,
        "reason": rows.to.reason,
        "final": rows.to.reference_final,
    }
    cursor = await connection.execute(_SQL["move"], values)
    if cursor.rowcount != len(rows.seqs):
        raise Conflict(Stream.parse(f"customer-invoice/{rows.destination or _NOWHERE}"))


async def move_all(connection: AsyncConnection[Any], rows: MoveAll, _: Save | None = None) -> int:
    """All of them have another place now; how many."""
    values = {
        "destination": rows.destination,
        "at": rows.at,
        "state": rows.to.state,
        "to": rows.to.destination,
        "reason": rows.to.reason,
        "final": rows.to.reference_final,
    }
    return (await connection.execute(_SQL["move_all"], values)).rowcount


async def _move_all(connection: AsyncConnection[Any], rows: MoveAll, save: Save) -> None:
    await move_all(connection, rows, save)


ROW_WRITERS: Final[Mapping[type, Callable[[AsyncConnection[Any], Any, Save], Awaitable[None]]]] = MappingProxyType(
    {TakeIn: take_in, TakeFromEntry: take_from_entry, HandOver: hand_over, Move: move, MoveAll: _move_all}
)
"""By the class of a value in `Save.rows`, for the event store."""
