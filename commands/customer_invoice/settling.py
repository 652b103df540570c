"""Before a request for approval: nothing that belongs on the invoice may be left at its door, or be on its way."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from commands.customer_invoice.desk import InvoicingDesk, Loaded
from commands.customer_invoice.pricing import price
from commands.customer_invoice.take_in import entering
from commands.origin import Origin
from commands.ports.event_store import Conflict
from commands.ports.purchases import Arrived, PurchaseQuery, TakeIn
from domain.customer_invoice.calculation import calculate
from domain.customer_invoice.state import CustomerInvoice, evolve
from domain.fact import Fact
from domain.rejected import Rejected

MOST: Final = 10_000
"""Purchases that a request takes in by itself: more are left to the worker."""


async def settle_before_request(
    desk: InvoicingDesk, origin: Origin, loaded: Mapping[UUID, Loaded]
) -> tuple[dict[UUID, Loaded], dict[UUID, Rejected]]:
    """Open invoices with what arrives at or waits for them, calculated, to be stored with the request; all others as
    they are. And those that are refused: `invoice-pending` when more waits than a request takes in or something else
    may change their totals, `invoice-error` when what waits can't be calculated: the invoice says so then.
    """
    there = [id_ for id_, one in loaded.items() if one.state.status == "open" and one.state.superseded is None]
    settled, refused = dict(loaded), dict[UUID, Rejected]()
    if not there:
        return settled, refused
    outstanding = await desk.billing.outstanding.among(there)
    arrived: dict[UUID, list[Arrived]] = {}
    for some in await desk.billing.purchases.arrived(there, waiting=True):
        arrived.setdefault(some.invoice, []).append(some)
    for invoice, several in list(arrived.items()):
        if await _too_many(desk, invoice, several):
            refused[invoice] = _pending(loaded[invoice].state, f"more than {MOST:,} purchases are on their way to it")
            del arrived[invoice]
    if arrived:
        calculated = await _calculated(desk, {invoice: loaded[invoice] for invoice in arrived}, arrived)
        settled |= calculated
        for invoice, one in calculated.items():
            if one.state.status == "error":
                refused[invoice] = await _failed(desk, origin, one)
    for invoice in there:
        try:
            expect_nothing_outstanding(invoice, settled[invoice].state, outstanding)
        except Rejected as no:
            refused.setdefault(invoice, no)
    return {invoice: one for invoice, one in settled.items() if invoice not in refused}, refused


async def settled_one(desk: InvoicingDesk, origin: Origin, loaded: Loaded) -> Loaded:
    """The same for one. Raises what it is refused for."""
    invoice = loaded.history.stream.id
    settled, refused = await settle_before_request(desk, origin, {invoice: loaded})
    if invoice in refused:
        raise refused[invoice]
    return settled[invoice]


def expect_nothing_outstanding(invoice: UUID, state: CustomerInvoice, outstanding: Mapping[UUID, int]) -> None:
    """Rejected `invoice-pending` for an open invoice whose totals may change by themselves in a moment.

    What its calculation has seen already may have been saved a moment ago all the same. A contract's does not change by
    itself.
    """
    if state.invoice_type == "contract":
        return
    seen = state.calculation.reference_position if state.calculation is not None else 0
    if state.status == "open" and outstanding.get(invoice, 0) > seen:
        raise _pending(state, "usage or prices that it depends on have just changed")


async def _too_many(desk: InvoicingDesk, invoice: UUID, arrived: Sequence[Arrived]) -> bool:
    if sum(len(some.seqs) for some in arrived) < MOST:
        return False
    query = PurchaseQuery(invoice=invoice, states=["arriving", "waiting"])
    return await desk.billing.purchases.count(query) > MOST


async def _calculated(
    desk: InvoicingDesk, loaded: Mapping[UUID, Loaded], arrived: Mapping[UUID, Sequence[Arrived]]
) -> dict[UUID, Loaded]:
    taken: dict[UUID, tuple[list[Fact], list[TakeIn], CustomerInvoice]] = {
        invoice: entering(invoice, one.state, arrived[invoice]) for invoice, one in loaded.items()
    }
    states = {invoice: state for invoice, (_, _, state) in taken.items()}
    inputs = await desk.calculation.reference.pricing_inputs(sorted({state.customer for state in states.values()}))
    batches = {row.batch: row.seqs for _, rows, _ in taken.values() for row in rows}
    settled = {}
    for invoice, priced in (await price(desk.calculation, states, inputs, entering=batches)).items():
        facts, rows, state = taken[invoice]
        for fact in (found := calculate(state, priced.result, position=inputs.position, cause="")):
            state = evolve(state, fact) or state
        one = loaded[invoice]
        settled[invoice] = Loaded(one.history, state, one.setting, (*facts, *found), tuple(rows))
    return settled


async def _failed(desk: InvoicingDesk, origin: Origin, loaded: Loaded) -> Rejected:
    """What was taken in stays on the invoice, which says why it can't be calculated."""
    try:
        await desk.store.append(loaded.save(origin, ()))
    except Conflict:
        return _pending(loaded.state, "it has just been changed")
    failure = loaded.state.failure
    why = failure.message if failure is not None else ""
    return Rejected(
        "invoice-error", f"{loaded.state.reference} can't be calculated with the purchases that waited for it: {why}"
    )


def _pending(state: CustomerInvoice, why: str) -> Rejected:
    return Rejected("invoice-pending", f"{state.reference} can't be approved yet: {why}. Try again in a few seconds.")
