"""Figures of what waits on its way to an invoice, in one statement."""

from collections.abc import Mapping
from typing import Any

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.sql_files import load_sql

_SQL = load_sql("adapters.watching")
Figures = Mapping[tuple[str, str], tuple[int, float]]
"""(what, state) -> how many, and for how many seconds the oldest has been so."""


async def billing_figures(pool: "AsyncConnectionPool[AsyncConnection[Any]]") -> Figures:
    """Usage, purchases, calculations and tasks by state; states that nothing is in are left out."""
    async with pool.connection() as connection:
        rows = await (await connection.execute(_SQL["billing_figures"])).fetchall()
    return {(what, state): (count, seconds) for what, state, count, seconds in rows}
