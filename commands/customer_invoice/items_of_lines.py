"""The items that lines of provider invoices are in, as they were calculated last."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from commands.ports.calculation import PastReference
from commands.ports.event_store import EventStore
from commands.ports.reference import PricingInputs
from domain.customer_invoice.item_of import Bought, items_for
from domain.customer_invoice.state import CustomerInvoice, fold
from domain.identity import Stream

Wanted = tuple[UUID, Bought]
"""A customer invoice, and a purchase that is on it."""


async def items_of(store: EventStore, past: PastReference, wanted: Sequence[Wanted]) -> Mapping[Wanted, str]:
    """The id of each one's item; without those whose invoice waits for its calculation or could not be calculated.

    Reference data of then is looked at only where two rules priced the product on one invoice.
    """
    streams = [Stream("customer-invoice", invoice) for invoice in sorted({invoice for invoice, _ in wanted})]
    histories = await store.load_many(streams) if streams else {}
    invoices = {stream.id: fold(history.facts) for stream, history in histories.items()}
    known: dict[tuple[int, str], PricingInputs] = {}
    found: dict[Wanted, str] = {}
    for invoice, bought in dict.fromkeys(wanted):
        state = invoices.get(invoice)
        items = items_for(state, bought) if state is not None else ()
        if state is None or not items:
            continue
        if len(items) > 1:
            rule = _rule(state, bought, await _inputs(past, state, known))
            items = [item for item in items if item.rule == rule]
        if items:
            found[invoice, bought] = items[0].id
    return found


async def _inputs(
    past: PastReference, invoice: CustomerInvoice, known: dict[tuple[int, str], PricingInputs]
) -> PricingInputs:
    if invoice.calculation is None:
        raise TypeError(f"{invoice.reference} has items and no calculation")
    key = (invoice.calculation.reference_position, invoice.customer)
    if key not in known:
        known[key] = await past.pricing_inputs_at(key[0], [invoice.customer])
    return known[key]


def _rule(invoice: CustomerInvoice, bought: Bought, inputs: PricingInputs) -> str | None:
    """The rule that priced it."""
    product, customer = inputs.context.product(bought.product), inputs.customers.get(invoice.customer)
    if product is None:
        return None
    clusters = tuple(c.code for c in inputs.clusters.up(customer.cluster)) if customer is not None else ()
    rule = inputs.context.selection.price(invoice.currency, invoice.customer, clusters, product, bought.day)
    return None if rule is None else rule.body.code
