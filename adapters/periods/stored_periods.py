"""The port to billing periods on PostgreSQL."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.sql_files import load_sql
from commands.ports.event_store import Conflict, Save
from commands.ports.periods import AddPeriods, Period
from domain.identity import Stream

_SQL = load_sql("adapters.periods")


class StoredPeriods:
    """`commands.ports.periods.Periods`; the pool's connections are in autocommit mode."""

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]") -> None:
        self._pool = pool

    async def billed_since(self, position: int, limit: int) -> Sequence[tuple[int, str]]:
        """See the port."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_SQL["billed_since"], {"position": position, "limit": limit})
            return await cursor.fetchall()

    async def of(self, customers: Sequence[str]) -> Mapping[str, Sequence[Period]]:
        """See the port."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_SQL["periods_of"], {"customers": list(customers)})
            periods = [Period(*row) for row in await cursor.fetchall()]
        return {customer: list(own) for customer, own in groupby(periods, key=lambda p: p.customer)}


async def write_periods(connection: AsyncConnection[Any], rows: AddPeriods, _: Save) -> None:
    """Add the rows; one that is there already means that another process began the same invoice."""
    values = {
        "customers": [p.customer for p in rows.periods],
        "firsts": [p.period_from for p in rows.periods],
        "lasts": [p.period_to for p in rows.periods],
        "invoices": [p.invoice for p in rows.periods],
    }
    cursor = await connection.execute(_SQL["add_periods"], values)
    if cursor.rowcount != len(rows.periods):
        raise Conflict(Stream("customer-invoice", rows.periods[0].invoice))


ROW_WRITERS: Final[Mapping[type, Callable[[AsyncConnection[Any], Any, Save], Awaitable[None]]]] = MappingProxyType(
    {AddPeriods: write_periods}
)
"""By the class of a value in `Save.rows`, for the event store."""
