"""The purchases of an invoice, row by row: lines of provider invoices first, then posted ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from commands.ports.line_store import Line, LineQuery
from commands.ports.purchases import PurchaseQuery, Purchases, Stored
from commands.provider_invoice.desk import InvoiceDesk
from commands.provider_invoice.offers import in_invoice
from domain.customer_invoice.holdings import Holding
from domain.customer_invoice.state import CustomerInvoice, fold
from domain.identity import Stream, usage_offer_stream
from domain.provider_invoice.state import fold as fold_provider_invoice
from domain.rejected import Rejected


@dataclass(frozen=True, slots=True)
class OfferedRow:
    """A line of a provider invoice that the invoice holds; `state` follows from the invoice's status."""

    provider_invoice: UUID
    name: str
    attempt: int
    line: Line
    state: str


@dataclass(frozen=True, slots=True)
class At:
    """Where a page begins: after line `after` of the offer number `offer`, by ids; then posted ones before `seq`."""

    offer: int = 0
    after: int = 0
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class Contents:
    """A page. `following`: where the next one begins; None: this is the last."""

    rows: Sequence[OfferedRow | Stored]
    following: At | None
    total: int | None


async def contents(
    desk: InvoiceDesk, purchases: Purchases, invoice: UUID, at: At, *, limit: int, count: bool
) -> Contents:
    """A page of the purchases of an invoice, those that wait at its door too. Rejected `customer-invoice-missing`."""
    state = fold((await desk.store.load(Stream("customer-invoice", invoice))).facts)
    if state is None:
        raise Rejected("customer-invoice-missing", f"There is no customer invoice {invoice}.", kind="missing")
    posted = PurchaseQuery(invoice=invoice)
    total = None
    if count:
        total = sum(held.lines for held in state.holdings.values()) + await purchases.count(posted)
    rows: list[OfferedRow | Stored] = []
    holdings = sorted(state.holdings.items())
    for number, (offer, held) in enumerate(holdings):
        if number < at.offer:
            continue
        after = at.after if number == at.offer else 0
        lines = await _lines(desk, state, offer, held, after, limit + 1 - len(rows))
        rows += lines
        if len(rows) > limit:
            last = rows[limit - 1]
            mine = [row for row in lines if row is last]
            there = At(number, last.line.number) if mine and isinstance(last, OfferedRow) else At(number, 0)
            return Contents(rows[:limit], there, total)
    found = await purchases.page(posted, before=at.seq, limit=limit + 1 - len(rows))
    rows += found
    if len(rows) <= limit:
        return Contents(rows, None, total)
    before = rows[limit - 1]
    return Contents(rows[:limit], At(len(holdings), 0, before.seq if isinstance(before, Stored) else None), total)


async def _lines(
    desk: InvoiceDesk, invoice: CustomerInvoice, offer: UUID, held: Holding, after: int, limit: int
) -> list[OfferedRow]:
    resolution = await desk.lines.resolution_of(held.provider_invoice, held.attempt)
    history = await desk.store.load(Stream("provider-invoice", held.provider_invoice))
    provider_invoice = fold_provider_invoice(history.facts)
    if resolution is None or provider_invoice is None:
        return []
    first = usage_offer_stream(held.provider_invoice, held.attempt, invoice.customer)
    key = invoice.customer if offer == first.id else str(offer)
    query = LineQuery(
        provider_invoice.populations,  # the present attempt's: what an invoice holds is of no other
        resolution,
        after=after,
        limit=limit,
        held=[(key, r.first, r.last) for r in held.ranges],
    )
    return [
        OfferedRow(held.provider_invoice, held.name, held.attempt, line, in_invoice(invoice))
        for line in await desk.lines.lines(query)
    ]
