"""The port to the line store on PostgreSQL."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.line_store.differences import make_difference
from adapters.line_store.pages import count_lines, find_lines
from adapters.line_store.resolving import begin_resolution, finish_resolution, tune
from adapters.line_store.row_writers import copy_lines
from adapters.sql_files import load_sql
from commands.ports.early_lines import EarlyLines
from commands.ports.line_store import (
    Batch,
    ChunkAt,
    CopyLines,
    CustomerCost,
    DifferenceRequest,
    Finding,
    Line,
    LineQuery,
    Missing,
    Population,
    ResolutionRequest,
    Tallied,
)
from domain.money import add
from domain.provider_invoice.populate import ChunkStored

_SQL = load_sql("adapters.line_store")
_ODD_HINTS = {
    "subscription": "These lines name no subscription, others of the file do: nothing is blocked.",
    "tags": "These lines have no tags, others of the file do: nothing is blocked.",
}


class PostgresLineStore:
    """`commands.ports.line_store.LineStore`; the pool's connections are in autocommit mode."""

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]") -> None:
        self._pool = pool

    async def open_population(self, population: Population, at: datetime) -> int:
        """See the port."""
        async with self._pool.connection() as connection:
            return await new_population(connection, population, at)

    async def copy_lines(self, lines: CopyLines) -> None:
        """See the port."""
        async with self._transaction() as connection:
            await copy_lines(connection, lines)

    async def begin_resolution(self, request: ResolutionRequest) -> tuple[int, Missing | None]:
        """See the port."""
        async with self._transaction() as connection:
            return await begin_resolution(connection, request)

    async def customers_of(self, resolution: int) -> Sequence[str]:
        """See the port."""
        return [row[0] for row in await self._rows("customers_of", resolution=resolution)]

    async def finish_resolution(self, resolution: int, bill_from: Mapping[str, date]) -> Tallied:
        """See the port."""
        return await finish_resolution(self._pool, resolution, bill_from)

    async def resolution_of(self, provider_invoice: UUID, attempt: int) -> int | None:
        """See the port."""
        rows = await self._rows("resolution_of", provider_invoice=provider_invoice, attempt=attempt)
        return rows[0][0] if rows else None

    async def offered_numbers(self, resolution: int, key: str) -> Sequence[int]:
        """See the port."""
        rows = await self._rows("offered_numbers", resolution=resolution, key=key)
        return rows[0][0] if rows else []

    async def early(self, bill_from: Mapping[str, date]) -> Mapping[tuple[UUID, int], Mapping[str, tuple[date, date]]]:
        """See the port."""
        found: dict[tuple[UUID, int], dict[str, tuple[date, date]]] = {}
        rows = await self._rows("early", customers=list(bill_from), days=list(bill_from.values()))
        for invoice, attempt, customer, since, until in rows:
            found.setdefault((invoice, attempt), {})[customer] = (since, until)
        return found

    async def early_lines(
        self, resolution: int, populations: Sequence[int], days: Mapping[str, tuple[date, date]]
    ) -> Sequence[EarlyLines]:
        """See the port."""
        asked = {
            "resolution": resolution,
            "populations": list(populations),
            "customers": list(days),
            "since": [since for since, _ in days.values()],
            "until": [until for _, until in days.values()],
        }
        async with self._tuned() as connection:
            rows = await (await connection.execute(_SQL["early_lines"], asked)).fetchall()
        return [EarlyLines(resolution, *row) for row in rows]

    async def batch(self, populations: Sequence[int], numbers: Sequence[int]) -> Batch:
        """See the port; ValueError when a number is not there."""
        ((count, cost, digest),) = await self._rows("batch", populations=list(populations), numbers=list(numbers))
        if count != len(numbers):
            raise ValueError(f"{len(numbers) - count} of {len(numbers)} lines are not in the line store")
        return Batch(tuple(numbers), cost, digest)

    async def lines(self, query: LineQuery) -> Sequence[Line]:
        """See the port."""
        async with self._tuned() as connection:
            return await find_lines(connection, query)

    async def count(self, query: LineQuery) -> int:
        """See the port."""
        async with self._tuned() as connection:
            return await count_lines(connection, query)

    async def canonical(self, chunk: ChunkAt) -> AsyncIterator[bytes]:
        """See the port."""
        parameters = {"population": chunk.population, "first": chunk.first_line, "last": chunk.last_line}
        async with (
            self._pool.connection() as connection,
            connection.cursor() as cursor,
            cursor.copy(_SQL["copy_out"].rstrip(";"), parameters) as copy,
        ):
            async for block in copy:
                yield bytes(block)

    async def make_difference(self, request: DifferenceRequest) -> Sequence[ChunkStored]:
        """See the port."""
        async with self._transaction() as connection:
            population = await new_population(connection, request.into, request.at)
            return await make_difference(connection, request, population)

    async def findings(self, provider_invoice: UUID, attempt: int) -> Sequence[Finding]:
        """See the port."""
        return _findings(await self._rows("findings", provider_invoice=provider_invoice, attempt=attempt))

    async def warnings(self, populations: Sequence[int]) -> Sequence[Finding]:
        """See the port."""
        return _findings(await self._rows("warnings", populations=list(populations)))

    async def odd_lines(self, populations: Sequence[int]) -> Sequence[Finding]:
        """See the port."""
        rows = await self._rows("odd_lines", populations=list(populations))
        return [
            Finding(kind, "", None, lines, tuple(first), amount, _ODD_HINTS[kind])
            for kind, lines, amount, first in rows
        ]

    async def cost_by_customer(self, resolution: int, populations: Sequence[int]) -> Sequence[CustomerCost]:
        """See the port; `by_state` has the reasons of what is excluded, and '' for the rest."""
        ((_, pass_on, _),) = await self._rows("resolution_head", resolution=resolution)
        asked = {"resolution": resolution, "populations": list(populations), "pass_on": pass_on}
        async with self._tuned() as connection:
            rows = await (await connection.execute(_SQL["cost_by_customer"], asked)).fetchall()
        found: dict[str, CustomerCost] = {}
        for customer, excluded, lines, cost in rows:
            before = found.get(customer, CustomerCost(customer, 0, add()))
            found[customer] = CustomerCost(
                customer, before.lines + lines, add(before.cost, cost), {**before.by_state, excluded: cost}
            )
        return list(found.values())

    async def populations_before(self, before: datetime) -> Mapping[int, UUID]:
        """See the port."""
        return dict(await self._rows("populations_before", before=before))

    async def purge(self, populations: Sequence[int]) -> int:
        """See the port."""
        async with self._transaction() as connection:
            gone = await connection.execute(_SQL["purge_lines"], {"populations": list(populations)})
            await connection.execute(_SQL["purge_outlines"], {"populations": list(populations)})
            await connection.execute(_SQL["purge_warnings"], {"populations": list(populations)})
            await connection.execute(_SQL["purge_populations"], {"populations": list(populations)})
            return gone.rowcount

    async def purge_resolutions(self, before: datetime) -> None:
        """See the port."""
        async with self._transaction() as connection:
            cursor = await connection.execute(_SQL["unused_resolutions"], {"before": before})
            unused = {"resolutions": [row[0] for row in await cursor.fetchall()]}
            for table in ("references", "bill_from", "tallies", "resolutions"):
                await connection.execute(_SQL[f"purge_{table}"], unused)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection[Any]]:
        async with self._pool.connection() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def _tuned(self) -> AsyncIterator[AsyncConnection[Any]]:
        async with self._transaction() as connection:
            await tune(connection)
            yield connection

    async def _rows(self, statement: str, /, **parameters: object) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_SQL[statement], parameters)
            return await cursor.fetchall()


async def new_population(connection: AsyncConnection[Any], population: Population, at: datetime) -> int:
    """Begin a population."""
    cursor = await connection.execute(
        _SQL["open_population"],
        {
            "provider_invoice": population.provider_invoice,
            "attempt": population.attempt,
            "part": population.part,
            "customer_name": population.customer_name,
            "product_name": population.product_name,
            "at": at,
        },
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


def _findings(rows: list[tuple[Any, ...]]) -> list[Finding]:
    return [Finding(k, r, name, lines, tuple(first), amount, hint) for k, r, name, lines, first, amount, hint in rows]
