"""A batch of an offer goes onto an ad hoc invoice, which begins with it: what tests of provider invoices need."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from commands.customer_invoice.giving import Giving, Lines
from commands.handling import Decided, Done, settle
from commands.origin import Origin
from commands.ports.event_store import History, Save, Write
from commands.provider_invoice.desk import InvoiceDesk, load
from commands.provider_invoice.offered import OfferedLines
from domain.customer_invoice.lifecycle import create_ad_hoc
from domain.customer_invoice.state import expect_open_to_change, fold
from domain.identity import Stream, ad_hoc_invoice_stream, reference_stream, usage_offer_stream
from domain.rejected import Rejected
from domain.usage_offer.decisions import MAX_BATCH
from domain.usage_offer.state import fold as fold_offer


@dataclass(frozen=True, slots=True)
class Taken:
    """What a batch took, and how many lines are still offered."""

    lines: int
    cost: Decimal
    left: int


async def take_usage(
    desk: InvoiceDesk, origin: Origin, invoice: UUID, customer: str, reference: str = "INV-1", limit: int = MAX_BATCH
) -> Done[Taken]:
    """The next lines of a customer's offer. Rejected as routing would pass over: withdrawn, locked, final."""
    target = ad_hoc_invoice_stream(reference)
    await _begin(desk, origin, customer, target, reference)

    async def decide() -> Decided[Taken]:
        loaded = await load(desk, invoice)
        stream = usage_offer_stream(invoice, loaded.state.attempt, customer)
        histories = await desk.store.load_many([stream, target])
        offer, state = fold_offer(histories[stream].facts), fold(histories[target].facts)
        assert state is not None
        if offer is None:
            raise Rejected("nothing-offered", f"Nothing is offered to {customer}.", kind="missing")
        if offer.withdrawn:
            raise Rejected("usage-withdrawn", "It was withdrawn.")
        offered = await OfferedLines.load(desk, loaded, offer)
        chosen = await offered.choose(offered.free(offer, limit))
        if not chosen.lines:
            return Decided(None, Taken(0, Decimal(0), 0))
        expect_open_to_change(state)
        giving = Giving(loaded, histories[stream], offer, {target: histories[target]})
        giving.give(target, Lines(chosen.ranges, chosen.lines, chosen.batch.cost, chosen.batch.digest))
        return Decided(giving.save(origin), Taken(chosen.lines, chosen.batch.cost, giving.offer.free.lines))

    return await settle(desk.store, origin, decide)


async def _begin(desk: InvoiceDesk, origin: Origin, customer: str, target: Stream, reference: str) -> None:
    async def decide() -> Decided[None]:
        history: History = await desk.store.load(target)
        if fold(history.facts) is not None:
            return Decided(None, None)
        facts = create_ad_hoc(
            None,
            customer=customer,
            customer_id=reference_stream("customer", customer).id,
            reference=reference,
            invoice_date=date(2026, 3, 1),
            period_from=date(2026, 2, 1),
            period_to=date(2026, 2, 28),
            currency="EUR",
        )
        return Decided(Save(origin=origin, writes=(Write(history, tuple(facts)),)), None)

    await settle(desk.store, origin, decide)
