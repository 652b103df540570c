"""The port to invoice runs on PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from adapters.invoice_runs.row_writers import put_outcomes
from adapters.operations.row_writers import put_items
from adapters.sql_files import load_sql
from commands.ports.invoice_runs import (
    OUTCOMES,
    ContractOutcome,
    DueContract,
    MadeInvoice,
    Place,
    PutOutcome,
    RunOutcome,
    RunReport,
)
from commands.ports.operations import PutItem
from domain.jobs.zones import ZoneDays

_SQL = load_sql("adapters.invoice_runs")
_LOWEST: Final = UUID(int=0)


class StoredInvoiceRuns:
    """`commands.ports.invoice_runs.InvoiceRuns`; the pool's connections are in autocommit mode."""

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]") -> None:
        self._pool = pool

    async def zones(self, own: str) -> Sequence[ZoneDays]:
        """See the port."""
        return [ZoneDays(*row) for row in await self._tuples("zones", own=own)]

    async def zone_done(self, zones: Sequence[str], day: date) -> None:
        """See the port."""
        await self._do("zone_done", zones=list(zones), day=day)

    async def due(
        self, day: date, zones: Sequence[str], operation: UUID, *, after: Place | None, limit: int
    ) -> Sequence[DueContract]:
        """See the port."""
        place = after or Place(date.min, _LOWEST)
        rows = await self._tuples(
            "due",
            day=day,
            zones=list(zones),
            operation=operation,
            next_run=place.next_run,
            contract=place.contract,
            limit=limit,
        )
        return [DueContract(*row) for row in rows]

    async def count_due(
        self, day: date, zones: Sequence[str], later: Sequence[str], operation: UUID
    ) -> tuple[int, int]:
        """See the port."""
        values = {"zones": list(zones), "later": list(later), "operation": operation}
        ((here, waiting),) = await self._tuples("count_due", day=day, **values)
        return here, waiting

    async def begin(self, report: RunReport) -> None:
        """See the port."""
        await self._do(
            "begin_run",
            report=report.id,
            day=report.day,
            day_from=report.day_from,
            asked=report.asked,
            cause=report.cause,
            operation=report.operation,
            started_at=report.started_at,
        )

    async def put(self, rows: Sequence[PutOutcome | PutItem]) -> None:
        """See the port."""
        async with self._pool.connection() as connection, connection.transaction():
            await put_outcomes(connection, [row for row in rows if isinstance(row, PutOutcome)])
            await put_items(connection, [row for row in rows if isinstance(row, PutItem)])

    async def kept(self, report: UUID, contracts: Sequence[UUID]) -> Mapping[UUID, RunOutcome]:
        """See the port."""
        return dict(await self._tuples("kept", report=report, contracts=list(contracts)))

    async def end(self, report: UUID, operation: UUID, *, cancelled: bool, waiting: int, now: datetime) -> None:
        """See the port."""
        await self._do("end_run", report=report, operation=operation, cancelled=cancelled, waiting=waiting, now=now)

    async def report(self, report: UUID) -> RunReport | None:
        """See the port."""
        found = await self._reports(report=report, day=None, started_at=None, after=None, limit=1)
        return found[0] if found else None

    async def reports(self, *, before: tuple[date, datetime, UUID] | None, limit: int) -> Sequence[RunReport]:
        """See the port."""
        day, started_at, after = before or (None, None, None)
        return await self._reports(report=None, day=day, started_at=started_at, after=after, limit=limit)

    async def count_reports(self) -> int:
        """See the port."""
        ((count,),) = await self._tuples("count_reports")
        return int(count)

    async def outcomes(
        self, report: UUID, outcome: RunOutcome | None, *, after: tuple[str, UUID] | None, limit: int
    ) -> Sequence[ContractOutcome]:
        """See the port."""
        number, contract = after or ("", _LOWEST)
        rows = await self._dicts(
            "outcomes", report=report, outcome=outcome, number=number, contract=contract, limit=limit
        )
        return [_outcome(row) for row in rows]

    async def _reports(self, **values: object) -> list[RunReport]:
        return [_report(row) for row in await self._dicts("reports", **values)]

    async def _do(self, name: str, **values: object) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(_SQL[name], values)

    async def _tuples(self, name: str, **values: object) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as connection:
            return await (await connection.execute(_SQL[name], values)).fetchall()

    async def _dicts(self, name: str, **values: object) -> list[DictRow]:
        async with self._pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(_SQL[name], values)
            return await cursor.fetchall()


def _report(row: DictRow) -> RunReport:
    counts = {outcome: row.pop(outcome) for outcome in OUTCOMES}
    return RunReport(counts=counts, **row)


def _outcome(row: DictRow) -> ContractOutcome:
    made = tuple(MadeInvoice(**{**one, "id": UUID(one["id"])}) for one in row.pop("invoices"))
    return ContractOutcome(invoices=made, warnings=tuple(row.pop("warnings")), **row)
