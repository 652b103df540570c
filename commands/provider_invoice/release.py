"""Take lines off a customer invoice that is neither locked nor final: both streams in one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

from commands.handling import Decided, Done, expect_version, settle
from commands.origin import Origin
from commands.ports.event_store import Answer, Save, Write
from commands.provider_invoice.desk import InvoiceDesk, Loaded, load
from commands.provider_invoice.offered import Chosen, OfferedLines
from commands.provider_invoice.offers import LoadedOffer, offers_of
from commands.provider_invoice.used import usage_of
from domain.customer_invoice import purchases as customer_invoice
from domain.customer_invoice.events import PurchaseSource
from domain.customer_invoice.state import evolve as evolve_customer_invoice
from domain.customer_invoice.state import expect_in_place
from domain.customer_invoice.state import fold as fold_customer_invoice
from domain.fact import Fact
from domain.identity import Stream
from domain.money import add
from domain.provider_invoice.actions import NOTHING_USED, Usage
from domain.provider_invoice.lifecycle import expect_reason
from domain.rejected import Rejected
from domain.usage_offer import decisions
from domain.usage_offer.events import LineRange
from domain.usage_offer.state import evolve as evolve_offer
from domain.usage_offer.state import fold as fold_offer


@dataclass(frozen=True, slots=True)
class Moved:
    """What a release or a re-offer did. `version` is the provider invoice's, which it leaves as it is."""

    loaded: Loaded
    lines: int
    cost: Decimal
    usage: Usage = NOTHING_USED


MovedAnswering: TypeAlias = "Callable[[Moved], Answer | None] | None"


async def release(
    desk: InvoiceDesk,
    origin: Origin,
    invoice: UUID,
    *,
    customer_invoice: UUID,
    reason: str,
    lines: Sequence[LineRange] | None = None,
    expected: int | None = None,
    answer: MovedAnswering = None,
) -> Done[Moved]:
    """Lines (all that it holds, if none are named) leave the customer invoice, which turns `pending`; nothing takes
    them until they are offered again. Released already: nothing. Rejected `invoice-locked`, `invoice-final`,
    `superseded`.
    """
    why = expect_reason(reason)

    async def decide() -> Decided[Moved]:
        loaded = await load(desk, invoice)
        expect_version(loaded.history.version, expected)
        offers = await _offers_on(desk, loaded, customer_invoice)
        holding = [o for o in offers if customer_invoice in o.state.taken]
        if not holding and not any(o.state.released for o in offers):
            raise Rejected(
                "lines-not-invoiced", f"No line of {loaded.state.number} is on the customer invoice {customer_invoice}."
            )
        writes, moved = await _moves(desk, loaded, holding or offers, customer_invoice, lines, why)
        save = Save(origin=origin, writes=writes) if writes else None
        return Decided(save, await after_moves(desk, moved, writes))

    return await settle(desk.store, origin, decide, answer)


async def _offers_on(desk: InvoiceDesk, loaded: Loaded, destination: UUID) -> list[LoadedOffer]:
    """Offers that the customer invoice says it holds lines of; all of the attempt, when it holds none (any more)."""
    customer = fold_customer_invoice((await desk.store.load(Stream("customer-invoice", destination))).facts)
    if customer is not None:
        expect_in_place(customer)
    held = customer.holdings if customer is not None else {}
    streams = [Stream("usage-offer", offer) for offer, h in held.items() if h.provider_invoice == loaded.id]
    histories = await desk.store.load_many(streams)
    found = [LoadedOffer(h, state) for h in histories.values() if (state := fold_offer(h.facts)) is not None]
    return found or await offers_of(desk, loaded.id, loaded.state.attempt)


async def _moves(
    desk: InvoiceDesk,
    loaded: Loaded,
    offers: list[LoadedOffer],
    destination: UUID,
    lines: Sequence[LineRange] | None,
    reason: str,
) -> tuple[tuple[Write, ...], Moved]:
    history = await desk.store.load(Stream("customer-invoice", destination))
    customer = fold_customer_invoice(history.facts)
    writes: list[Write] = []
    leaving: list[Fact] = []
    count, cost = 0, Decimal(0)
    for offer in offers:
        taken = offer.state.taken.get(destination)
        if lines is None and taken is None:
            continue
        offered = await OfferedLines.load(desk, loaded, offer.state)
        state, said = offer.state, list[Fact]()
        async for chosen in offered.parts(lines if lines is not None else taken.ranges if taken else ()):
            facts = decisions.release(
                state,
                customer_invoice=destination,
                ranges=chosen.ranges,
                lines=chosen.lines,
                cost=chosen.batch.cost,
                reason=reason,
            )
            if not facts:
                continue
            for fact in facts:
                state = evolve_offer(state, fact) or state
            said += facts
            if customer is not None:
                left = customer_invoice.remove_purchases(
                    customer,
                    source_of(loaded, offer, chosen),
                    lines=chosen.lines,
                    cost=chosen.batch.cost,
                    currency=offer.state.currency,
                    reason=reason,
                )
                for gone in left:
                    customer = evolve_customer_invoice(customer, gone) or customer
                leaving += left
            count, cost = count + chosen.lines, add(cost, chosen.batch.cost)
        if said:
            writes.append(Write(offer.history, tuple(said), record_key=loaded.id))
    if leaving:
        writes.append(Write(history, tuple(leaving)))
    if not writes and lines is not None and not any(o.state.released for o in offers):
        raise Rejected("lines-not-invoiced", "None of these lines is on that customer invoice.")
    return tuple(writes), Moved(loaded, count, cost)


async def after_moves(desk: InvoiceDesk, moved: Moved, writes: Sequence[Write]) -> Moved:
    """With what the invoice's usage allows once these are written."""
    after = {
        write.after.stream.id: offer
        for write in writes
        if write.after.stream.kind == "usage-offer"
        and (offer := fold_offer((*write.after.facts, *write.facts))) is not None
    }
    return replace(moved, usage=await usage_of(desk, moved.loaded.id, moved.loaded.state, after))


def source_of(loaded: Loaded, offer: LoadedOffer, chosen: Chosen) -> PurchaseSource:
    """Where these purchases come from, as the customer invoice says it."""
    return PurchaseSource(
        offer=offer.history.stream.id,
        provider_invoice=loaded.id,
        provider=loaded.state.provider,
        invoice_number=loaded.state.number,
        attempt=offer.state.attempt,
        ranges=chosen.ranges,
    )
