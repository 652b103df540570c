"""Rows of contracts that ride in a save's transaction."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from psycopg import AsyncConnection

from adapters.sql_files import load_sql
from commands.ports.contract_ledger import KeepDue, PutTransactions, SetTransaction, TakeTransactions
from commands.ports.event_store import Conflict, Save
from domain.identity import Stream

_SQL = load_sql("adapters.contracts")


async def keep_due(connection: AsyncConnection[Any], rows: KeepDue, _: Save) -> None:
    """Raise the versions; one that has moved since it was seen is a Conflict."""
    ordered = sorted(rows.contracts, key=lambda one: one.contract)  # locked in one order, whoever bills what
    values = {
        "contracts": [one.contract for one in ordered],
        "numbers": [one.number for one in ordered],
        "zones": [one.zone for one in ordered],
        "next_runs": [one.next_run for one in ordered],
        "versions": [one.version for one in ordered],
    }
    kept = {row[0] for row in await (await connection.execute(_SQL["keep_due"], values)).fetchall()}
    for one in ordered:
        if one.contract not in kept:
            raise Conflict(Stream("billing-contract", one.contract))


async def put_transactions(connection: AsyncConnection[Any], rows: PutTransactions, _: Save) -> None:
    """Add them."""
    several = rows.transactions
    values = {
        "contract": rows.contract,
        "lines": [one.line for one in several],
        "years": [one.year for one in several],
        "numbers": [one.number for one in several],
        "ids": [one.id for one in several],
        "days": [one.day for one in several],
        "classes": [one.kind for one in several],
        "quantities": [one.quantity for one in several],
        "prices": [one.price for one in several],
        "costs": [one.cost for one in several],
        "customers": [one.customer for one in several],
        "ready": [one.ready for one in several],
    }
    await connection.execute(_SQL["put_transactions"], values)


async def set_transaction(connection: AsyncConnection[Any], rows: SetTransaction, _: Save) -> None:
    """Change one that is not taken."""
    values = {
        "contract": rows.contract,
        "line": rows.line,
        "id": rows.id,
        "ready": rows.ready,
        "cancelled": rows.cancelled,
    }
    if (await connection.execute(_SQL["set_transaction"], values)).rowcount != 1:
        raise Conflict(Stream("billing-contract", rows.contract))


async def take_transactions(connection: AsyncConnection[Any], rows: TakeTransactions, _: Save) -> None:
    """Take them, or give them back."""
    if not rows.taken:
        return
    ranges = [(contract, one, span) for contract, one in rows.taken for span in one.ranges]
    values = {
        "contracts": [contract for contract, _, _ in ranges],
        "lines": [one.line for _, one, _ in ranges],
        "years": [one.year for _, one, _ in ranges],
        "firsts": [span.first for _, _, span in ranges],
        "lasts": [span.last for _, _, span in ranges],
    }
    statement = "give_back" if rows.back else "take"
    if (await connection.execute(_SQL[statement], values)).rowcount != len(ranges):
        raise Conflict(Stream("billing-contract", rows.taken[0][0]))


ROW_WRITERS: Final[Mapping[type, Callable[[AsyncConnection[Any], Any, Save], Awaitable[None]]]] = MappingProxyType(
    {
        KeepDue: keep_due,
        PutTransactions: put_transactions,
        SetTransaction: set_transaction,
        TakeTransactions: take_transactions,
    }
)
"""By the class of a value in `Save.rows`, for the event store."""
