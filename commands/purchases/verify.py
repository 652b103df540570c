"""The purchase store beside the events that hold its digests."""

from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

from commands.customer_invoice.billing_desk import BillingDesk
from domain.customer_invoice.events import CustomerInvoiceDeleted, PostedSource, PurchasesAdded

_PAGE: Final = 1_000


async def purchase_check(desk: BillingDesk) -> AsyncIterator[str | None]:
    """For each batch of posted purchases: None when its rows are what the event says, else what differs.

    Batches of invoices that were deleted are passed over: their purchases went on, in other batches.
    """
    after, deleted = 0, set[UUID]()
    while page := await desk.store.read(after=after, limit=_PAGE, types=(CustomerInvoiceDeleted.type,)):
        deleted |= {recorded.stream.id for recorded in page}
        after = page[-1].position
    after = 0
    while page := await desk.store.read(after=after, limit=_PAGE, types=(PurchasesAdded.type,)):
        after = page[-1].position
        said = {
            r.fact.source.batch: (r.fact, r.stream)
            for r in page
            if isinstance(r.fact, PurchasesAdded)
            and isinstance(r.fact.source, PostedSource)
            and r.stream.id not in deleted
        }
        found = await desk.purchases.batches(list(said))
        for batch, (fact, stream) in said.items():
            lines, digest = found.get(batch, (0, ""))
            if (lines, digest) == (fact.lines, fact.digest):
                yield None
            else:
                yield f"batch {batch} of {stream}: {lines} rows with digest {digest[:12]}, not {fact.lines}"
