"""Create, close and delete a customer invoice, as far as provider invoices need it; the next issue adds the rest."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from commands.handling import Decided, Done, expect_version, settle
from commands.origin import Origin
from commands.ports.event_store import Answer, EventStore, Save, Write
from domain.customer_invoice import decisions
from domain.customer_invoice.state import CustomerInvoice, fold
from domain.identity import Stream, ad_hoc_invoice_stream, reference_stream
from domain.provider_invoice.lifecycle import expect_reason
from domain.rejected import Rejected
from domain.usage_offer import decisions as offers
from domain.usage_offer.state import evolve
from domain.usage_offer.state import fold as fold_offer


@dataclass(frozen=True, slots=True)
class CustomerInvoiceOutcome:
    """What became of a customer invoice; `version` is its stream's."""

    id: UUID
    version: int
    state: CustomerInvoice
    changed: bool = True


Answering = Callable[[CustomerInvoiceOutcome], Answer | None] | None
"""How the edge renders the outcome for its idempotency key; None when there is no key."""


@dataclass(frozen=True, slots=True)
class AdHoc:
    """What an ad hoc invoice begins with; `period_to` defaults to `period_from`."""

    customer: str
    reference: str
    invoice_date: date
    period_from: date
    currency: str
    period_to: date | None = None


async def create(
    store: EventStore, origin: Origin, wanted: AdHoc, *, answer: Answering = None
) -> Done[CustomerInvoiceOutcome]:
    """`pending`. The same one again changes nothing; Rejected `reference-taken`."""
    stream = ad_hoc_invoice_stream(wanted.reference)

    async def decide() -> Decided[CustomerInvoiceOutcome]:
        history = await store.load(stream)
        facts = decisions.create_ad_hoc(
            fold(history.facts),
            customer=wanted.customer,
            customer_id=reference_stream("customer", wanted.customer).id,
            reference=wanted.reference,
            invoice_date=wanted.invoice_date,
            period_from=wanted.period_from,
            period_to=wanted.period_to or wanted.period_from,
            currency=wanted.currency,
        )
        state = _there(stream, fold([*history.facts, *facts]))
        outcome = CustomerInvoiceOutcome(stream.id, history.version + len(facts), state, bool(facts))
        return Decided(Save(origin=origin, writes=(Write(history, tuple(facts)),)) if facts else None, outcome)

    return await settle(store, origin, decide, answer)


async def close(
    store: EventStore,
    origin: Origin,
    invoice: UUID,
    reason: str,
    *,
    expected: int | None = None,
    answer: Answering = None,
) -> Done[CustomerInvoiceOutcome]:
    """Final, never sent: what it holds is written off. `expected`: the caller's version."""
    why = expect_reason(reason)
    stream = Stream("customer-invoice", invoice)

    async def decide() -> Decided[CustomerInvoiceOutcome]:
        history = await store.load(stream)
        expect_version(history.version, expected)
        facts = decisions.close(_there(stream, fold(history.facts)), why)
        state = _there(stream, fold([*history.facts, *facts]))
        outcome = CustomerInvoiceOutcome(invoice, history.version + len(facts), state, bool(facts))
        return Decided(Save(origin=origin, writes=(Write(history, tuple(facts)),)) if facts else None, outcome)

    return await settle(store, origin, decide, answer)


async def delete(
    store: EventStore,
    origin: Origin,
    invoice: UUID,
    reason: str,
    *,
    expected: int | None = None,
    answer: Answering = None,
) -> Done[CustomerInvoiceOutcome]:
    """A tombstone: what it had taken is offered again, in the same transaction. `expected`: the caller's version."""
    why = expect_reason(reason)
    stream = Stream("customer-invoice", invoice)

    async def decide() -> Decided[CustomerInvoiceOutcome]:
        history = await store.load(stream)
        expect_version(history.version, expected)
        before = _there(stream, fold(history.facts))
        facts = decisions.delete(before, why)
        state = _there(stream, fold([*history.facts, *facts]))
        outcome = CustomerInvoiceOutcome(invoice, history.version + len(facts), state, bool(facts))
        if not facts:
            return Decided(None, outcome)
        freed = await _freed(store, invoice, before, why)
        return Decided(Save(origin=origin, writes=(Write(history, tuple(facts)), *freed)), outcome)

    return await settle(store, origin, decide, answer)


async def _freed(store: EventStore, invoice: UUID, before: CustomerInvoice, reason: str) -> list[Write]:
    streams = {Stream("usage-offer", offer): held for offer, held in before.holdings.items()}
    writes = []
    for stream, history in (await store.load_many(list(streams))).items():
        offer, held = fold_offer(history.facts), streams[stream]
        if offer is None:
            raise TypeError(f"{stream} holds lines on {before.reference} but is not there")
        released = offers.release(
            offer, customer_invoice=invoice, ranges=held.ranges, lines=held.lines, cost=held.cost, reason=reason
        )
        for fact in released:
            offer = evolve(offer, fact) or offer
        again = offers.reoffer(offer, ranges=held.ranges, lines=held.lines, cost=held.cost, reason=reason)
        writes.append(Write(history, (*released, *again), record_key=held.provider_invoice))
    return writes


def _there(stream: Stream, state: CustomerInvoice | None) -> CustomerInvoice:
    if state is None:
        raise Rejected("customer-invoice-missing", f"There is no customer invoice {stream.id}.", kind="missing")
    return state
