"""What customer invoices come to now: their purchases added up and priced. Nothing is stored."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from typing import Final, TypeAlias
from uuid import UUID

from commands.ports.calculation import Held, OfferedPart, PostedPart, PurchaseSums
from commands.ports.event_store import EventStore
from commands.ports.reference import PresentReference, PricingInputs
from domain.customer_invoice.contract_items import contract_items, contract_used
from domain.customer_invoice.state import CustomerInvoice
from domain.identity import Stream
from domain.pricing.calculate import calculate
from domain.pricing.items import Calculation, Failure, InvoiceToPrice
from domain.pricing.purchases import PurchaseGroup
from domain.provider_invoice.events import Activated
from domain.provider_invoice.state import evolve as evolve_provider_invoice
from domain.rejected import Rejected

_KEPT_DATES = 10_000
Attempt: TypeAlias = tuple[UUID, int]
"""A provider invoice and its attempt."""
_NONE: Final[Mapping[UUID, Sequence[int]]] = {}


@dataclass(frozen=True, slots=True)
class CalculationDesk:
    """The record, sums of purchases, and reference data as it is now."""

    store: EventStore
    sums: PurchaseSums
    reference: PresentReference
    dates: dict[Attempt, date] = field(default_factory=dict)
    """Dates of provider invoices: what an attempt was activated with does not change, a later one may have another."""


@dataclass(frozen=True, slots=True)
class Priced:
    """An invoice with what it comes to; `currencies` are those of its costs that had to be converted."""

    invoice: CustomerInvoice
    to_price: InvoiceToPrice
    groups: Sequence[PurchaseGroup]
    result: Calculation | Failure
    inputs: PricingInputs

    @property
    def currencies(self) -> set[str]:
        """Of costs that had to be converted."""
        return {group.cost_currency for group in self.groups if group.cost_currency is not None}


async def price(
    desk: CalculationDesk,
    invoices: Mapping[UUID, CustomerInvoice],
    inputs: PricingInputs,
    *,
    rows: bool = False,
    entering: Mapping[UUID, Sequence[int]] = _NONE,
) -> Mapping[UUID, Priced]:
    """Price invoices as they are, with this reference data: the same purchases and data make the same bytes.

    `rows`: the groups' sources name every purchase. `entering`: the rows of batches that are not stored yet.
    """
    days = await _dates(desk, invoices.values())
    to_price = {id_: _to_price(id_, invoice, inputs) for id_, invoice in invoices.items()}
    boundaries = inputs.context.boundaries(date.min, date.max)
    held = [_held(invoice, days, entering) for invoice in invoices.values()]
    sums = await desk.sums.sums(held, boundaries, rows=rows)
    return {
        id_: Priced(invoice, to_price[id_], groups, _result(to_price[id_], groups, inputs), inputs)
        for (id_, invoice), groups in zip(invoices.items(), sums, strict=True)
    }


def _result(invoice: InvoiceToPrice, groups: Sequence[PurchaseGroup], inputs: PricingInputs) -> Calculation | Failure:
    """One invoice that nobody foresaw must not keep all others from being calculated."""
    try:
        return calculate(invoice, groups, inputs.context)
    except (ArithmeticError, ValueError, Rejected) as error:
        return Failure("unforeseen", f"It can't be calculated, for a reason that nobody foresaw: {error}")


def _to_price(id_: UUID, invoice: CustomerInvoice, inputs: PricingInputs) -> InvoiceToPrice:
    customer = inputs.customers.get(invoice.customer)
    clusters = inputs.clusters.up(customer.cluster) if customer is not None else ()
    return InvoiceToPrice(
        id=id_,
        type=invoice.invoice_type,
        customer=invoice.customer,
        clusters=tuple(cluster.code for cluster in clusters),
        currency=invoice.currency,
        period_from=invoice.period_from,
        period_to=invoice.period_to,
        contract_items=contract_items(id_, invoice.contract, invoice.currency),
        contract=contract_used(invoice.contract),
    )


def _held(invoice: CustomerInvoice, days: Mapping[Attempt, date], entering: Mapping[UUID, Sequence[int]]) -> Held:
    return Held(
        customer=invoice.customer,
        currency=invoice.currency,
        period_from=invoice.period_from,
        period_to=invoice.period_to,
        late=invoice.invoice_type != "ad_hoc",
        offered=[
            OfferedPart(
                offer=offer,
                provider_invoice=held.provider_invoice,
                attempt=held.attempt,
                ranges=held.ranges,
                lines=held.lines,
                name=held.name,
                currency=held.currency,
                cost_date=days.get((held.provider_invoice, held.attempt))
                if held.currency != invoice.currency
                else None,
            )
            for offer, held in invoice.holdings.items()
        ],
        posted=[PostedPart(batch, held.removed, entering.get(batch, ())) for batch, held in invoice.posted.items()],
    )


async def _dates(desk: CalculationDesk, invoices: Iterable[CustomerInvoice]) -> Mapping[Attempt, date]:
    """Dates of the provider invoices whose costs are in another currency than the customer's invoice."""
    foreign = {
        (held.provider_invoice, held.attempt)
        for invoice in invoices
        for held in invoice.holdings.values()
        if held.currency != invoice.currency
    }
    return await dates_of(desk, foreign)


async def dates_of(desk: CalculationDesk, attempts: AbstractSet[Attempt]) -> Mapping[Attempt, date]:
    """The dates of provider invoices as they were activated: their exchange rates count for what they cost."""
    unknown = sorted({id_ for id_, _ in attempts - desk.dates.keys()})
    if unknown:
        if len(desk.dates) > _KEPT_DATES:
            desk.dates.clear()
            unknown = sorted({id_ for id_, _ in attempts})
        histories = await desk.store.load_many([Stream("provider-invoice", id_) for id_ in unknown])
        for stream, history in histories.items():
            state = None
            for fact in history.facts:
                state = evolve_provider_invoice(state, fact)
                if isinstance(fact, Activated) and state is not None:
                    desk.dates[stream.id, state.attempt] = fact.header.invoice_date
    return {attempt: desk.dates[attempt] for attempt in attempts if attempt in desk.dates}
