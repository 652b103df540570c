"""Outcomes of contracts, in the transaction of what was done for them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from adapters.sql_files import load_sql
from commands.ports.event_store import Save
from commands.ports.invoice_runs import PutOutcome

_SQL = load_sql("adapters.invoice_runs")


async def put_outcomes(connection: AsyncConnection[Any], rows: Sequence[PutOutcome]) -> None:
    """Write them all at once; of one contract in one report the last one given counts."""
    last = {(row.report, row.outcome.contract): row for row in rows}
    if last:
        await connection.execute(_SQL["put_outcomes"], {"rows": Jsonb([_record(row) for row in last.values()])})


async def put_outcome(connection: AsyncConnection[Any], rows: PutOutcome, _: Save | None = None) -> None:
    """Write one."""
    await put_outcomes(connection, [rows])


def _record(row: PutOutcome) -> dict[str, Any]:
    one = row.outcome
    return {
        "report": str(row.report),
        "contract": str(one.contract),
        "number": one.number,
        "day": one.day.isoformat(),
        "outcome": one.outcome,
        "code": one.code,
        "reason": one.reason,
        "next_try": one.next_try and one.next_try.isoformat(),
        "invoices": [
            {
                "id": str(made.id),
                "customer": made.customer,
                "reference": made.reference,
                "total": made.total,
                "currency": made.currency,
            }
            for made in one.invoices
        ],
        "warnings": list(one.warnings),
        "operation": str(row.operation),
        "ended_at": row.at.isoformat(),
    }


ROW_WRITERS: Final[Mapping[type, Callable[[AsyncConnection[Any], Any, Save], Awaitable[None]]]] = MappingProxyType(
    {PutOutcome: put_outcome}
)
"""By the class of a value in `Save.rows`, for the event store."""

MANY_ROWS_WRITERS: Final[Mapping[type, Callable[[AsyncConnection[Any], Sequence[Any]], Awaitable[None]]]] = (
    MappingProxyType({PutOutcome: put_outcomes})
)
"""The same for rows of many saves that go in one transaction."""
