"""What the law says must be kept."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.sql_files import load_sql

_SQL = load_sql("adapters.reference")


class ApprovedInvoices:
    """`commands.ports.retention.Retention`: approved invoices, for so many years from the day of their approval."""

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]", years: int) -> None:
        self._pool = pool
        self._years = years

    async def needed_for(self, customer: str, today: date) -> Sequence[str]:
        """Numbers of the newest approved invoices that are still in their term, at most a hundred."""
        values = {"customer": customer, "today": today, "years": self._years}
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_SQL["invoices_to_keep"], values)).fetchall()
        return [str(number) for (number,) in rows]
