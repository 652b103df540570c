"""The usage offers of an attempt, loaded together, and what taking the invoice out means for them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from commands.ports.event_store import History, Write
from commands.provider_invoice.desk import InvoiceDesk, Loaded, load
from domain.customer_invoice.state import LOCKED_OR_FINAL, CustomerInvoice
from domain.customer_invoice.state import fold as fold_customer_invoice
from domain.identity import Stream
from domain.provider_invoice.lifecycle import Billed
from domain.rejected import Rejected
from domain.usage_offer import decisions
from domain.usage_offer.state import UsageOffer, fold


@dataclass(frozen=True, slots=True)
class LoadedOffer:
    """An offer that is there."""

    history: History
    state: UsageOffer


InInvoice = Literal["invoiced", "billed", "written_off"]
_FINAL: Final[Mapping[str, InInvoice]] = {"approved": "billed", "closed": "written_off"}


def in_invoice(invoice: CustomerInvoice | None) -> InInvoice:
    """Where lines on a customer invoice are: that follows from its status, nothing is written to the offer for it."""
    return _FINAL.get(invoice.status, "invoiced") if invoice else "invoiced"


async def offers_of(desk: InvoiceDesk, invoice: UUID, attempt: int) -> list[LoadedOffer]:
    """All offers of an attempt, by customer."""
    found = []
    for history in await desk.store.load_by_key(invoice, "usage-offer"):
        state = fold(history.facts)
        if state is not None and state.attempt == attempt:
            found.append(LoadedOffer(history, state))
    return sorted(found, key=lambda o: o.state.customer)


async def waiting_offers(desk: InvoiceDesk, invoice: UUID) -> frozenset[UUID]:
    """Offers whose free lines wait: for an invoice that is locked, or for a period still to come."""
    return frozenset(u.offer for u in await desk.due.unplaced(invoice) if u.waits_for is not None)


async def invoices_with(desk: InvoiceDesk, offers: Iterable[UsageOffer]) -> dict[UUID, CustomerInvoice]:
    """The customer invoices that lines of these offers are on, as far as they are there."""
    held = {to for offer in offers for to, taken in offer.taken.items() if taken.kind == "customer-invoice"}
    histories = await desk.store.load_many([Stream("customer-invoice", i) for i in sorted(held)])
    states = {stream.id: fold_customer_invoice(history.facts) for stream, history in histories.items()}
    return {invoice: state for invoice, state in states.items() if state is not None}


async def billed_by(desk: InvoiceDesk, offers: Sequence[LoadedOffer]) -> list[Billed]:
    """Customer invoices that hold lines of these offers, and whether they can still give them back."""
    held: dict[UUID, tuple[str, int]] = {}
    for offer in offers:
        for destination, taken in offer.state.taken.items():
            if taken.kind == "customer-invoice":
                name, lines = held.get(destination, (taken.name, 0))
                held[destination] = (name, lines + taken.tally.lines)
    states = await invoices_with(desk, [offer.state for offer in offers])
    billed = []
    for invoice, (name, lines) in held.items():
        state = states.get(invoice)
        releasable = state is not None and state.status not in LOCKED_OR_FINAL
        billed.append(Billed(invoice, name, lines, releasable=releasable))
    return sorted(billed, key=lambda b: b.name)


def withdrawals(offers: Sequence[LoadedOffer], invoice: UUID) -> tuple[tuple[Write, ...], int]:
    """The writes that withdraw all that was offered, waiting or released, and how many lines that are."""
    writes, lines = [], 0
    for offer in offers:
        facts = decisions.withdraw(offer.state)
        if facts:
            writes.append(Write(offer.history, tuple(facts), record_key=invoice))
            lines += sum(getattr(fact, "lines", 0) for fact in facts)
    return tuple(writes), lines


async def standing_adjustments(desk: InvoiceDesk, invoice: UUID, adjustments: Sequence[UUID]) -> list[str]:
    """Adjustments of an invoice that are not taken out, with their status."""
    standing = []
    for adjustment in adjustments:
        other = (await load(desk, adjustment)).state
        if other.adjusts == invoice and other.status not in {"deleted", "deactivated"}:
            standing.append(f"{other.number} ({other.status})")
    return standing


async def expect_no_adjustments(desk: InvoiceDesk, loaded: Loaded) -> None:
    """An invoice is not taken out from under its adjustments: their lines are differences to it."""
    standing = await standing_adjustments(desk, loaded.id, loaded.state.adjustments)
    if standing:
        raise Rejected(
            "has-adjustments",
            f"{loaded.state.number} has adjustments: deactivate or delete {', '.join(standing)} first.",
        )
