"""A customer invoice is deleted: a tombstone, and what it had taken is free again, in one transaction."""

from collections.abc import Sequence
from uuid import UUID

from commands.billing_contract.billing_desk import ContractBilling
from commands.billing_contract.give_back import given_back
from commands.customer_invoice.desk import Answering, InvoicingDesk, Outcome, load
from commands.handling import Decided, Done, expect_version, settle
from commands.origin import Origin
from commands.ports.event_store import EventStore, Rows, Save, Write
from commands.ports.purchases import MoveAll, Place
from domain.customer_invoice import lifecycle
from domain.customer_invoice.state import CustomerInvoice
from domain.identity import Stream
from domain.provider_invoice.lifecycle import expect_reason
from domain.purchases.placing import GIVEN_BACK, UNKNOWN_REFERENCE
from domain.usage_offer import decisions as offers
from domain.usage_offer.state import evolve
from domain.usage_offer.state import fold as fold_offer


async def delete(
    desk: InvoicingDesk,
    origin: Origin,
    invoice: UUID,
    reason: str,
    *,
    expected: int | None = None,
    answer: Answering = None,
    rows: Sequence[Rows] = (),
) -> Done[Outcome]:
    """Lines of provider invoices are offered again, posted ones wait for their reference; a contract's entries are
    active again. Twice changes nothing.
    """
    why = expect_reason(reason)

    async def decide() -> Decided[Outcome]:
        loaded = await load(desk, origin, invoice)
        expect_version(loaded.history.version, expected)
        facts = tuple(lifecycle.delete(loaded.state, why))
        outcome = loaded.after(facts)
        if not facts:
            return Decided(None, outcome)
        freed = await _freed(desk.store, invoice, loaded.state, why)
        back = await given_back(ContractBilling(desk.calculation, desk.ledger), origin, invoice, loaded.state, why)
        moved: list[Rows] = [*rows, *back.rows]
        if loaded.state.posted:
            moved.append(MoveAll(invoice, "invoiced", _back(loaded.state)))
        writes = (Write(loaded.history, facts), *freed, *back.writes)
        return Decided(Save(origin, writes, rows=tuple(moved)), outcome)

    return await settle(desk.store, origin, decide, answer)


def _back(state: CustomerInvoice) -> Place:
    """Posted purchases wait for their reference, or for the contract's next cycle: which one is decided again."""
    if state.invoice_type == "contract":
        return Place("unrouted", None, GIVEN_BACK)
    return Place("held", None, UNKNOWN_REFERENCE)


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
