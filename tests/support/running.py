"""Invoice runs on a real database with a biller that a test steers: for the bookkeeping of runs alone."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from adapters.bulk import ROW_WRITERS as BULK_WRITERS
from adapters.bulk import StoredTargets
from adapters.event_store import Codec, PostgresEventStore
from adapters.invoice_runs import ROW_WRITERS as RUN_WRITERS
from adapters.invoice_runs import StoredInvoiceRuns
from adapters.operations import ROW_WRITERS as OPERATION_WRITERS
from adapters.operations import StoredOperations
from commands.billing_contract.billing_desk import Asked, Billed
from commands.invoice_run.desk import INVOICE_RUN, RunDesk
from commands.invoice_run.run import InvoiceRunHandler
from commands.operations.work import Work
from commands.origin import Origin
from commands.ports.event_store import Rows, Save
from commands.ports.invoice_runs import MadeInvoice
from commands.ports.operations import Item, Operation
from domain.billing_contract.entry_events import Cause
from domain.identity import billing_contract_stream, id_for
from services.working import passes
from tests.support.origins import NOW
from tests.support.yard import Signals


@dataclass
class SteeredBiller:
    """Bills what is due: no entry for 30 days then. Contracts in `fails` fail; those in `raises` raise."""

    pool: AsyncConnectionPool
    store: PostgresEventStore
    fails: dict[UUID, str] = field(default_factory=dict)
    raises: dict[UUID, Exception] = field(default_factory=dict)
    billed: list[tuple[UUID, date]] = field(default_factory=list)
    after: Callable[[], None] = lambda: None

    async def __call__(
        self,
        origin: Origin,
        asked: Sequence[Asked],
        *,
        cause: Cause,
        rows_of: Callable[[Billed], Sequence[Rows]] | None = None,
    ) -> Sequence[Billed]:
        del cause
        found = []
        for one in asked:
            if one.contract in self.raises:
                raise self.raises[one.contract]
            found.append(await self._one(origin, one, rows_of or (lambda _: ())))
        self.after()
        return found

    async def _one(self, origin: Origin, one: Asked, rows_of: Callable[[Billed], Sequence[Rows]]) -> Billed:
        async with self.pool.connection() as connection:
            row = await (
                await connection.execute(
                    "SELECT number, next_run FROM contract_due WHERE contract = %s", [one.contract]
                )
            ).fetchone()
        number, next_run = row or ("", None)
        if one.contract in self.fails:
            return Billed(
                one.contract, number, "failed", code=self.fails[one.contract], reason="It could not be billed."
            )
        if next_run is None or next_run > one.day:
            return Billed(one.contract, number, "nothing_to_bill")
        made = MadeInvoice(id_for("made", number, str(one.day)), "C1", f"{number}/{one.day}/1", "10.00", "EUR")
        billed = Billed(one.contract, number, "invoiced", (made,))
        async with self.pool.connection() as connection:
            await connection.execute(
                "UPDATE contract_due SET next_run = next_run + 30 WHERE contract = %s AND next_run <= %s",
                [one.contract, one.day],
            )
        await self.store.append(Save(origin, (), rows=tuple(rows_of(billed))))
        self.billed.append((one.contract, one.day))
        return billed


async def due_contract(pool: AsyncConnectionPool, number: str, next_run: date, zone: str = "UTC") -> UUID:
    """A contract that is due on a day: its row, for what looks at nothing else."""
    contract = billing_contract_stream(number).id
    async with pool.connection() as connection:
        await connection.execute(
            "INSERT INTO contract_due (contract, number, zone, next_run, version) VALUES (%s, %s, %s, %s, 1)",
            [contract, number, zone, next_run],
        )
    return contract


@dataclass
class Office:
    """A desk of runs, and a worker that works when told to."""

    desk: RunDesk
    biller: SteeredBiller
    pool: AsyncConnectionPool
    now: datetime = NOW
    signals: Signals = field(default_factory=Signals)
    unforeseen: list[Exception] = field(default_factory=list)

    async def due(self, number: str, next_run: date, zone: str = "UTC") -> UUID:
        """A contract that is due on a day."""
        return await due_contract(self.pool, number, next_run, zone)

    async def work(self, lease: float = 15.0) -> Operation | None:
        """Work off the oldest operation; None when there is none."""
        claimed = await self.desk.operations.claim("tester", [INVOICE_RUN], lease, self.now)
        if claimed is None:
            return None
        work = Work(claimed.operation, claimed.hold, self.desk.operations, self.signals, lambda: self.now, "UTC")
        ended = await InvoiceRunHandler(self.desk, passes, self.unforeseen.append)(work)
        await self.desk.operations.end(claimed.hold, ended.status, ended.message, self.now)
        return await self.desk.operations.get(claimed.operation.id)

    async def items(self, operation: Operation) -> dict[str, str]:
        """Outcomes of an operation, by contract id."""
        found: Sequence[Item] = await self.desk.operations.items(operation.id)
        return {item.name: item.outcome for item in found}


@asynccontextmanager
async def open_office(database: str) -> AsyncIterator[Office]:
    """On a migrated database."""
    writers = {**OPERATION_WRITERS, **RUN_WRITERS, **BULK_WRITERS}
    async with (
        AsyncConnectionPool(database, kwargs={"autocommit": True}, min_size=1, max_size=8, open=False) as pool,
        await PostgresEventStore.open(database, Codec(), row_writers=writers) as store,
    ):
        biller = SteeredBiller(pool, store)
        desk = RunDesk(store, StoredInvoiceRuns(pool), StoredOperations(pool), StoredTargets(pool), biller, "UTC")
        yield Office(desk, biller, pool)


async def together(*work: object) -> list[object]:
    """At the same time."""
    return list(await asyncio.gather(*work))  # type: ignore[call-overload]  # awaitables of a test
