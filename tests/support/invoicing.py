"""The verbs of customer invoices on a real database: a desk with numbers, and invoices that are open."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.calculation import StoredOutstanding, StoredSums
from adapters.contracts import StoredLedger
from adapters.event_store import Codec, PostgresEventStore
from adapters.event_store.numbering import InvoiceNumberWriter
from adapters.licences import StoredLicences
from adapters.operations import MANY_ROWS_WRITERS
from adapters.operations import ROW_WRITERS as OPERATION_WRITERS
from adapters.periods import StoredPeriods
from adapters.purchases import ROW_WRITERS as PURCHASE_WRITERS
from adapters.purchases import StoredPurchases
from adapters.reference import StoredReference, write_identifiers, write_provider
from adapters.usage_contracts import StoredUsageContracts
from commands.customer_invoice.billing_desk import BillingDesk
from commands.customer_invoice.calculate import calculate_now
from commands.customer_invoice.desk import InvoicingDesk
from commands.customer_invoice.pricing import CalculationDesk
from commands.customer_invoice.recalculate import recalculate
from commands.customer_invoice.rules import Rulebook
from commands.origin import Origin
from commands.ports.event_store import EventStore, History, Save, Write
from commands.ports.key_vault import KeyVault
from commands.provider_invoice.desk import InvoiceDesk
from commands.reference.desk import Desk
from commands.reference.rows import IdentifierRows, ProviderRows
from commands.reference.save import save
from domain.customer_invoice.state import CustomerInvoice, fold
from domain.fact import Fact
from domain.identity import Stream, ad_hoc_invoice_stream
from domain.reference.decisions import parse
from domain.reference.kinds import KINDS
from domain.rejected import Rejected
from tests.support.customer_invoices import calculated, created
from tests.support.memory_vault import MemoryKeyVault
from tests.support.origins import origin
from tests.support.reference import NoTemplates

Pool = AsyncConnectionPool[AsyncConnection[Any]]


@asynccontextmanager
async def open_invoicing(
    store: EventStore,
    pool: Pool,
    database: str,
    vault: KeyVault | None = None,
    invoices: InvoiceDesk | None = None,
) -> AsyncIterator[InvoicingDesk]:
    """A desk on a store that is open; numbers are encrypted with the keys of `vault`."""
    reference = StoredReference(store, pool)
    numbers = InvoiceNumberWriter(
        database,
        vault or MemoryKeyVault(),
        row_writers={**OPERATION_WRITERS, **PURCHASE_WRITERS},
        many_rows_writers=MANY_ROWS_WRITERS,
    )
    try:
        billing = BillingDesk(
            store,
            StoredPurchases(pool),
            StoredPeriods(pool),
            reference,
            StoredOutstanding(pool),
            StoredUsageContracts(pool),
        )
        calculation = CalculationDesk(store, StoredSums(pool), reference)
        rulebook, ledger, licences = Rulebook(reference), StoredLedger(pool), StoredLicences(pool)
        yield InvoicingDesk(billing, numbers, rulebook, calculation, ledger, licences, invoices)
    finally:
        await numbers.close()


async def recalculated(desk: InvoicingDesk, origin: Origin, invoice: UUID) -> CustomerInvoice | None:
    """Recalculated, and calculated at once; None: refused, as one that is final or whose place a newer one has."""
    try:
        await recalculate(desk, origin, invoice)
    except Rejected:
        return None
    state = await calculate_now(desk.calculation, origin, invoice)
    assert state.status == "open", state.failure
    return state


async def open_invoice(
    store: EventStore, reference: str = "R-1", customer: str = "C1", period_to: date = date(2026, 2, 28)
) -> UUID:
    """One ad hoc invoice, calculated; its period is past on the day of the tests' origins."""
    facts = (
        created(reference=reference, customer=customer, period_to=period_to),
        calculated(reference=reference, customer=customer),
    )
    return (await stored(store, [(reference, facts)]))[0]


async def open_invoices(store: EventStore, count: int, customers: int = 10, prefix: str = "R") -> list[UUID]:
    """Many, for customers C0, C1 ..., in saves of a hundred."""
    made: list[UUID] = []
    for start in range(0, count, 100):
        batch = []
        for n in range(start, min(start + 100, count)):
            names = {"reference": f"{prefix}-{n}", "customer": f"C{n % customers}"}
            batch.append((names["reference"], (created(**names), calculated(**names))))
        made += await stored(store, batch)
    return made


async def stored(store: EventStore, invoices: Sequence[tuple[str, Sequence[Fact]]]) -> list[UUID]:
    """Facts of new invoices, by reference, in one save."""
    streams = {ad_hoc_invoice_stream(reference): tuple(facts) for reference, facts in invoices}
    histories = await store.load_many(list(streams))
    await store.append(Save(origin(), tuple(Write(histories[s], facts) for s, facts in streams.items())))
    return [stream.id for stream in streams]


async def history_of(store: EventStore, invoice: UUID) -> History:
    """As it is stored."""
    return await store.load(Stream("customer-invoice", invoice))


@dataclass(frozen=True, slots=True)
class World:
    """A desk, and what tests do at it. Group `finance`: ann and bob; group `board`: bob and cy."""

    desk: InvoicingDesk
    reference: Desk
    database: str

    @property
    def store(self) -> EventStore:
        return self.desk.store

    async def save(self, kind: str, **body: Any) -> None:
        """A piece of reference data."""
        await save(self.reference, origin(), KINDS[kind], parse(KINDS[kind], body))

    async def groups(self) -> None:
        """Both."""
        await self.save("group", code="finance", name="Finance", members=["ann", "bob"], invoice_approval=True)
        await self.save("group", code="board", name="Board", members=["bob", "cy"])

    async def state(self, invoice: UUID) -> CustomerInvoice:
        """As it is."""
        state = fold((await history_of(self.store, invoice)).facts)
        assert state is not None
        return state


@asynccontextmanager
async def open_world(database: str) -> AsyncIterator[World]:
    """On a migrated database."""
    vault = MemoryKeyVault()
    writers = {
        IdentifierRows: write_identifiers,
        ProviderRows: write_provider,
        **OPERATION_WRITERS,
        **PURCHASE_WRITERS,
    }
    pool: Pool = AsyncConnectionPool(database, kwargs={"autocommit": True}, min_size=1, max_size=4, open=False)
    async with (
        pool,
        await PostgresEventStore.open(database, Codec(vault), row_writers=writers) as store,
        open_invoicing(store, pool, database, vault) as desk,
    ):
        yield World(desk, Desk(store, NoTemplates()), database)
