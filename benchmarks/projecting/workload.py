"""The same events for both sides: customer invoices that take batches of purchases, many at once."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID, uuid5

from adapters.event_store import Codec, PostgresEventStore
from commands.origin import Origin
from commands.ports.event_store import Save, Write
from domain.customer_invoice.events import CustomerInvoiceCreated, PurchasesAdded, PurchaseSource
from domain.fact import Fact
from domain.identity import NAMESPACE, Stream, id_for
from domain.usage_offer.events import LineRange

BATCHES = 9
"""Batches of purchases an invoice takes after it was created."""
AT_ONCE = 50
"""Invoices that are being filled at the same time: their events are interleaved."""


def created(number: int) -> CustomerInvoiceCreated:
    return CustomerInvoiceCreated(
        customer=f"C-{number % 1000:05}",
        reference=f"C-{number % 1000:05}/2026-{number:06}",
        customer_id=id_for("customer", f"C-{number % 1000:05}"),
        invoice_type="periodical",
        invoice_date=date(2026, 2, 28),
        period_from=date(2026, 2, 1),
        period_to=date(2026, 2, 28),
        currency="EUR",
    )


def added(number: int, batch: int) -> PurchasesAdded:
    return PurchasesAdded(
        customer=f"C-{number % 1000:05}",
        reference=f"C-{number % 1000:05}/2026-{number:06}",
        source=PurchaseSource(
            offer=uuid5(NAMESPACE, f"offer {number}"),
            provider_invoice=uuid5(NAMESPACE, f"invoice {number % 50}"),
            provider="DISTRIBUTOR",
            invoice_number=f"F-2026-{number % 50:06}",
            attempt=1,
            ranges=(LineRange(first=batch * 1000 + 1, last=batch * 1000 + 1000),),
        ),
        lines=1000,
        cost=Decimal("1234.567890123"),
        currency="EUR",
        digest="c0ffee" * 10 + "0000",
    )


def invoice(number: int) -> UUID:
    return uuid5(NAMESPACE, f"customer invoice {number}")


def events(count: int) -> Iterator[tuple[UUID, int, Fact]]:
    """(invoice, version, fact), interleaved; about `count` of them, whole groups of invoices."""
    groups = max(count // (AT_ONCE * (BATCHES + 1)), 1)
    for group in range(groups):
        numbers = range(group * AT_ONCE, (group + 1) * AT_ONCE)
        for step in range(BATCHES + 1):
            for n in numbers:
                yield invoice(n), step + 1, created(n) if step == 0 else added(n, step)


async def _fill(url: str, all_events: Sequence[tuple[UUID, int, Fact]]) -> None:
    async with await PostgresEventStore.open(url, Codec()) as store:
        for start in range(0, len(all_events), AT_ONCE):
            await asyncio.gather(*(_append(store, *e) for e in all_events[start : start + AT_ONCE]))


async def _append(store: PostgresEventStore, stream: UUID, version: int, fact: Fact) -> None:
    history = await store.load(Stream("customer-invoice", stream))
    origin = Origin(
        command_id=uuid5(NAMESPACE, f"{stream} {version}"),
        actor="key/benchmark",
        now=datetime.now(UTC),
        business_date=date(2026, 3, 1),
        zone="UTC",
        correlation_id=str(stream),
    )
    await store.append(Save(origin, (Write(history, (fact,)),)))


def fill(url: str, count: int) -> int:
    """Append the events through the event store's port; how many they are."""
    found = list(events(count))
    asyncio.run(_fill(url, found))
    return len(found)
