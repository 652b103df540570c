"""Put a batch of offered lines on a customer invoice: the offer and the invoice in one transaction. For the router."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from commands.handling import Decided, Done, settle
from commands.origin import Origin
from commands.ports.event_store import Save, Write
from commands.provider_invoice.desk import InvoiceDesk, load
from commands.provider_invoice.offered import OfferedLines
from commands.provider_invoice.offers import LoadedOffer
from commands.provider_invoice.release import source_of
from domain.customer_invoice import decisions as customer_invoice
from domain.customer_invoice.state import fold as fold_customer_invoice
from domain.fact import Fact
from domain.identity import Stream, reference_stream, usage_offer_stream
from domain.rejected import Rejected
from domain.usage_offer import decisions
from domain.usage_offer.decisions import MAX_BATCH
from domain.usage_offer.state import fold


@dataclass(frozen=True, slots=True)
class Destination:
    """An ad hoc customer invoice; it begins with its first batch."""

    stream: Stream
    reference: str
    invoice_date: date
    period_from: date
    period_to: date


@dataclass(frozen=True, slots=True)
class Taken:
    """What a batch took, and how many lines are still offered."""

    lines: int
    cost: Decimal
    left: int


async def take_usage(
    desk: InvoiceDesk,
    origin: Origin,
    invoice: UUID,
    customer: str,
    destination: Destination,
    *,
    limit: int = MAX_BATCH,
) -> Done[Taken]:
    """The next lines of a customer's offer, at most 10,000, go to their destination. Nothing left: nothing.

    Rejected `usage-withdrawn` when the provider invoice was taken out, `invoice-locked`, `invoice-final`. Two workers,
    or a repeat, never take a line twice: both streams are written at their expected versions.
    """

    async def decide() -> Decided[Taken]:
        loaded = await load(desk, invoice)
        streams = [usage_offer_stream(invoice, loaded.state.attempt, customer), destination.stream]
        histories = await desk.store.load_many(streams)
        history, other = (histories[stream] for stream in streams)
        offer = fold(history.facts)
        if offer is None:
            raise Rejected(
                "nothing-offered", f"{loaded.state.number} offers nothing to {customer[:64]}.", kind="missing"
            )
        if offer.withdrawn:
            raise Rejected("usage-withdrawn", f"The usage of {loaded.state.number} was withdrawn.")
        offered = await OfferedLines.load(desk, loaded, offer)
        numbers = offered.free(offer, min(limit, MAX_BATCH))
        if not numbers:
            return Decided(None, Taken(0, Decimal(0), 0))
        chosen = await offered.choose(numbers)
        taken = decisions.take(
            offer,
            destination=destination.stream.id,
            kind="customer-invoice",
            name=destination.reference,
            ranges=chosen.ranges,
            lines=chosen.lines,
            cost=chosen.batch.cost,
            digest=chosen.batch.digest,
        )
        existing = fold_customer_invoice(other.facts)
        arriving: list[Fact] = []
        if existing is None:
            arriving = customer_invoice.create_ad_hoc(
                None,
                customer=customer,
                customer_id=reference_stream("customer", customer).id,
                reference=destination.reference,
                invoice_date=destination.invoice_date,
                period_from=destination.period_from,
                period_to=destination.period_to,
                currency=offer.currency,
            )
            existing = fold_customer_invoice(arriving)
        if existing is None:
            raise TypeError("an invoice that begins has a state")
        arriving += customer_invoice.add_purchases(
            existing,
            source_of(loaded, LoadedOffer(history, offer), chosen),
            lines=chosen.lines,
            cost=chosen.batch.cost,
            currency=offer.currency,
            digest=chosen.batch.digest,
        )
        writes = (Write(history, tuple(taken), record_key=invoice), Write(other, tuple(arriving)))
        left = offer.free.lines - chosen.lines
        return Decided(Save(origin=origin, writes=writes), Taken(chosen.lines, chosen.batch.cost, left))

    return await settle(desk.store, origin, decide)
