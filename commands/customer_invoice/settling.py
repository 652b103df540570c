"""Before a request for approval: nothing that belongs on the invoice may be left at its door."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from commands.customer_invoice.billing_desk import BillingDesk
from commands.customer_invoice.take_in import entering
from commands.origin import Origin
from commands.ports.event_store import Conflict, Save, Write
from commands.ports.purchases import Arrived
from domain.customer_invoice.state import CustomerInvoice, fold
from domain.identity import Stream
from domain.rejected import Rejected

_TAKES_IN = frozenset({"pending", "open", "error"})


async def settle_before_request(desk: BillingDesk, origin: Origin, invoices: Sequence[UUID]) -> Mapping[UUID, int]:
    """Take in what arrives at or waits for these invoices: one that got something is `pending` by that.

    The request, decided after this, is refused `invoice-pending` then. So are those that are given back: something is
    on its way to them that may change their totals.
    """
    await _take_in(desk, origin, invoices)
    return await desk.outstanding.among(invoices)


def expect_nothing_outstanding(invoice: UUID, state: CustomerInvoice, outstanding: Mapping[UUID, int]) -> None:
    """Rejected `invoice-pending` for an open invoice whose totals may change by themselves in a moment.

    What its calculation has seen already may have been saved a moment ago all the same.
    """
    seen = state.calculation.reference_position if state.calculation is not None else 0
    if state.status == "open" and outstanding.get(invoice, 0) > seen:
        raise Rejected(
            "invoice-pending",
            f"Usage or prices that {state.reference} depends on have just changed: try again in a few seconds.",
        )


async def _take_in(desk: BillingDesk, origin: Origin, invoices: Sequence[UUID]) -> None:
    waiting: dict[UUID, list[Arrived]] = {}
    for arrived in await desk.purchases.arrived(list(invoices), waiting=True):
        waiting.setdefault(arrived.invoice, []).append(arrived)
    if not waiting:
        return
    histories = await desk.store.load_many([Stream("customer-invoice", invoice) for invoice in waiting])
    for stream, history in histories.items():
        state = fold(history.facts)
        if state is None or state.status not in _TAKES_IN:
            continue
        facts, rows, _ = entering(stream.id, state, waiting[stream.id])
        try:
            await desk.store.append(Save(origin=origin, writes=(Write(history, tuple(facts)),), rows=tuple(rows)))
        except Conflict:
            continue  # somebody was quicker: the request is decided on what they did
