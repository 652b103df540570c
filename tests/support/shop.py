"""All ports of the provider invoice's commands on a real database, and the steps of tests in few words."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.bulk import ROW_WRITERS as BULK_WRITERS
from adapters.calculation import StoredOutstanding
from adapters.contracts import ROW_WRITERS as CONTRACT_WRITERS
from adapters.event_store import Codec, PostgresEventStore
from adapters.imports import ROW_WRITERS as IMPORT_WRITERS
from adapters.line_store import ROW_WRITERS as LINE_WRITERS
from adapters.line_store import PostgresLineStore
from adapters.operations import ROW_WRITERS as OPERATION_WRITERS
from adapters.periods import ROW_WRITERS as PERIOD_WRITERS
from adapters.periods import StoredPeriods
from adapters.provider_files.raw_files import RawFileStore
from adapters.provider_files.reader import ArrowProviderFileReader
from adapters.purchases import ROW_WRITERS as PURCHASE_WRITERS
from adapters.purchases import StoredPurchases
from adapters.reference import StoredReference, write_identifiers, write_provider
from adapters.usage_contracts import StoredUsageContracts
from adapters.usage_due import StoredUsageDue
from commands.customer_invoice.billing_desk import BillingDesk
from commands.provider_invoice.activate import activate
from commands.provider_invoice.create import create
from commands.provider_invoice.desk import InvoiceDesk, Outcome
from commands.provider_invoice.put_lines import Upload, put_lines
from commands.reference.desk import Desk
from commands.reference.rows import IdentifierRows, ProviderRows
from commands.reference.save import save
from domain.fact import Fact
from domain.identity import Stream
from domain.reference import decisions
from domain.reference.kinds import KINDS
from tests.support.memory_vault import MemoryKeyVault
from tests.support.origins import origin
from tests.support.provider_invoices import NUMBER, PROVIDER, header, types
from tests.support.reference import NoTemplates
from tests.support.taking import Taken, take_usage


@dataclass(frozen=True, slots=True)
class Shop:
    """The desk, and what tests do at it."""

    desk: InvoiceDesk
    reference: Desk
    pool: AsyncConnectionPool[AsyncConnection[Any]]
    billing: BillingDesk

    async def save(self, kind: str, **body: Any) -> None:
        """A piece of reference data."""
        found = decisions.parse(KINDS[kind], body)
        await save(self.reference, origin(), KINDS[kind], found)

    async def world(self, customers: Sequence[str] = ("C1", "C2"), **provider: Any) -> None:
        """Provider ACME; customers C1 (c-1), C2 (c-2) ...; product P1 (p-1)."""
        await self.save("provider", code=PROVIDER, name="Acme Cloud", **provider)
        await self.save("product", code="P1", name="Compute", identifiers=[_identifier("p-1")])
        for code in customers:
            await self.save("customer", code=code, name=code, identifiers=[_identifier(f"c-{code[1:]}")])

    async def create(self, total: str = "100.00", number: str = NUMBER, **more: Any) -> UUID:
        """A manual invoice."""
        done = await create(self.desk, origin(), provider=PROVIDER, number=number, header=header(total, **more))
        return done.outcome.id

    async def upload(self, invoice: UUID, lines: Sequence[dict[str, Any]], part: str = "a", **more: Any) -> Outcome:
        """Lines as NDJSON."""
        body = "\n".join(json.dumps(line) for line in lines).encode()
        return await self.upload_bytes(invoice, body, Upload(part, "ndjson", **more))

    async def upload_bytes(self, invoice: UUID, body: bytes, upload: Upload) -> Outcome:
        """A body in two blocks."""
        half = len(body) // 2
        return (await put_lines(self.desk, origin(), invoice, upload, blocks(body[:half], body[half:]))).outcome

    async def activate(self, invoice: UUID, **more: Any) -> Outcome:
        """Both checks."""
        return (await activate(self.desk, origin(), invoice, **more)).outcome

    async def active(self, lines: Sequence[dict[str, Any]], number: str = NUMBER) -> UUID:
        """A manual invoice over these lines that became active."""
        total = sum(Decimal(line["amount"]) for line in lines)
        invoice = await self.create(f"{total:.2f}", number)
        await self.upload(invoice, lines)
        outcome = await self.activate(invoice)
        assert outcome.state.status == "active", outcome.state.messages
        return invoice

    async def take(self, invoice: UUID, customer: str = "C1", reference: str = "INV-1", limit: int = 10_000) -> Taken:
        """A batch goes onto an ad hoc customer invoice."""
        return (await take_usage(self.desk, origin(), invoice, customer, reference, limit)).outcome

    async def facts(self, stream: Stream) -> list[Fact]:
        """What is stored in a stream."""
        return list((await self.desk.store.load(stream)).facts)

    async def types(self, invoice: UUID) -> list[str]:
        """Short types of the facts of a provider invoice."""
        return types(await self.facts(Stream("provider-invoice", invoice)))

    async def facts_of(self, invoice: UUID) -> list[Fact]:
        """What is stored of a provider invoice."""
        return await self.facts(Stream("provider-invoice", invoice))

    async def head(self) -> int:
        """Nothing is stored between two equal answers."""
        return await self.desk.store.head()


@asynccontextmanager
async def open_shop(database: str, folder: Path) -> AsyncIterator[Shop]:
    """On a migrated database; raw files below the folder."""
    writers = {
        IdentifierRows: write_identifiers,
        ProviderRows: write_provider,
        **LINE_WRITERS,
        **OPERATION_WRITERS,
        **BULK_WRITERS,
        **IMPORT_WRITERS,
        **PERIOD_WRITERS,
        **PURCHASE_WRITERS,
        **CONTRACT_WRITERS,
    }
    pool: AsyncConnectionPool[AsyncConnection[Any]] = AsyncConnectionPool(
        database, kwargs={"autocommit": True}, min_size=1, max_size=8, open=False
    )
    async with (
        pool,
        await PostgresEventStore.open(database, Codec(MemoryKeyVault()), row_writers=writers) as store,
    ):
        reference = StoredReference(store, pool)
        desk = InvoiceDesk(
            store=store,
            lines=PostgresLineStore(pool),
            reference=reference,
            files=RawFileStore(folder),
            reader=ArrowProviderFileReader(),
            due=StoredUsageDue(pool),
        )
        billing = BillingDesk(
            store,
            StoredPurchases(pool),
            StoredPeriods(pool),
            reference,
            StoredOutstanding(pool),
            StoredUsageContracts(pool),
        )
        yield Shop(desk, Desk(store, NoTemplates()), pool, billing)


def line(amount: str = "10", customer: str | None = "c-1", **more: Any) -> dict[str, Any]:
    """A line as a caller sends it: usage of p-1 by c-1 on 2026-02-03."""
    fields = {
        "kind": "usage",
        "customer": customer,
        "product": "p-1",
        "charge_from": "2026-02-03",
        "quantity": "1",
        "amount": amount,
        **more,
    }
    return {name: value for name, value in fields.items() if value is not None}


async def blocks(*several: bytes) -> AsyncIterator[bytes]:
    """A body as it streams in."""
    for block in several:
        yield block


def _identifier(identifier: str) -> dict[str, str]:
    return {"provider": PROVIDER, "identifier": identifier}
