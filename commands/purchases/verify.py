"""The purchase store beside the events that hold its digests."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping
from typing import Final
from uuid import UUID

from commands.customer_invoice.billing_desk import BillingDesk
from commands.ports.event_store import Recorded
from domain.customer_invoice.events import (
    CustomerInvoiceDeleted,
    CustomerInvoiceSuperseded,
    PostedSource,
    PurchasesAdded,
)
from domain.customer_invoice.holdings import rows_of
from domain.customer_invoice.state import fold
from domain.identity import Stream

_PAGE: Final = 1_000


async def purchase_check(desk: BillingDesk) -> AsyncIterator[str | None]:
    """For each batch of posted purchases: None when its rows are what the event says, else what differs.

    Batches of invoices that were deleted are passed over: their purchases went on, in other batches. So are those that
    such an invoice had taken over from older ones, which did not get them back.
    """
    deleted: set[UUID] = set()
    async for recorded in _all(desk, CustomerInvoiceDeleted.type):
        deleted.add(recorded.stream.id)
    newer: dict[UUID, set[UUID]] = defaultdict(set)
    async for recorded in _all(desk, CustomerInvoiceSuperseded.type):
        if isinstance(recorded.fact, CustomerInvoiceSuperseded):
            newer[recorded.stream.id].add(recorded.fact.by)
    after = 0
    while page := await desk.store.read(after=after, limit=_PAGE, types=(PurchasesAdded.type,)):
        after = page[-1].position
        said = [
            (r.fact.source.batch, r.fact, r.stream)
            for r in page
            if isinstance(r.fact, PurchasesAdded)
            and isinstance(r.fact.source, PostedSource)
            and r.stream.id not in deleted
        ]
        found = await desk.purchases.batches([batch for batch, _, _ in said])
        for batch, fact, stream in said:
            lines, digest = found.get(batch, (0, ""))
            if (lines, digest) == (rows_of(fact), fact.digest):
                yield None
            elif not (_passed_on(stream.id, newer) & deleted) or await _holds(desk, stream, batch):
                yield f"batch {batch} of {stream}: {lines} rows with digest {digest[:12]}, not {rows_of(fact)}"


async def _all(desk: BillingDesk, type_: str) -> AsyncIterator[Recorded]:
    after = 0
    while page := await desk.store.read(after=after, limit=_PAGE, types=(type_,)):
        after = page[-1].position
        for recorded in page:
            yield recorded


def _passed_on(invoice: UUID, newer: Mapping[UUID, Collection[UUID]]) -> set[UUID]:
    """The invoices that took its place, and theirs, and so on."""
    found: set[UUID] = set()
    rest = [invoice]
    while rest:
        more = [one for one in newer.get(rest.pop(), ()) if one not in found]
        found.update(more)
        rest += more
    return found


async def _holds(desk: BillingDesk, stream: Stream, batch: UUID) -> bool:
    state = fold((await desk.store.load(stream)).facts)
    return state is not None and batch in state.posted
