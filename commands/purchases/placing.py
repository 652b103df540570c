"""Destinations of many purchases at once: what the rule needs to know, loaded together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from commands.customer_invoice.billing_desk import BillingDesk
from commands.ports.purchases import Place
from commands.ports.reference import PresentCustomer
from domain.customer_invoice.periods import Span
from domain.customer_invoice.state import CustomerInvoice, fold
from domain.identity import Stream, ad_hoc_invoice_stream
from domain.purchases.placing import AdHoc, Billed, Destination, place


@dataclass(frozen=True, slots=True)
class Wanted:
    """A purchase that needs a place; `customer` is known."""

    customer: str
    day: date
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """Where purchases of some customers go now."""

    customers: Mapping[str, Billed]
    ad_hoc: Mapping[str, AdHoc]

    def of(self, wanted: Wanted) -> Destination:
        """The destination. Rejected `reference-of-another`."""
        ad_hoc = self.ad_hoc.get(wanted.reference) if wanted.reference is not None else None
        return place(wanted.day, self.customers[wanted.customer], wanted.reference, ad_hoc)


async def load_places(desk: BillingDesk, wanted: Iterable[Wanted], customers: Mapping[str, PresentCustomer]) -> Places:
    """What decides the destinations of these purchases, as it is now."""
    asked = list(wanted)
    codes = sorted({w.customer for w in asked})
    periods = await desk.periods.of(codes)
    references = sorted({w.reference for w in asked if w.reference is not None})
    earliest = _earliest(asked)
    own = {code: [p for p in periods.get(code, ()) if p.period_to >= earliest[code]] for code in codes}
    streams = [Stream("customer-invoice", p.invoice) for several in own.values() for p in several]
    named = [ad_hoc_invoice_stream(reference) for reference in references]
    states = await invoices(desk, [*streams, *named])
    billed = {}
    for code in codes:
        customer = customers[code]
        found = {p.period_from: states.get(Stream("customer-invoice", p.invoice)) for p in own[code]}
        billed[code] = Billed(
            code=code,
            billing_period=customer.billing_period,
            bill_from=customer.bill_from,
            existing=[Span(p.period_from, p.period_to) for p in periods.get(code, ())],
            statuses={first: state.status for first, state in found.items() if state is not None},
        )
    ad_hoc = {r: AdHoc(s.customer, s.status) for r, n in zip(references, named, strict=True) if (s := states.get(n))}
    return Places(billed, ad_hoc)


async def invoices(desk: BillingDesk, streams: Sequence[Stream]) -> dict[Stream, CustomerInvoice]:
    """Customer invoices that are there, folded."""
    histories = await desk.store.load_many(streams)
    return {s: state for s, history in histories.items() if (state := fold(history.facts)) is not None}


def as_place(destination: Destination) -> Place:
    """As the purchase store keeps it."""
    return Place(destination.state, destination.invoice, destination.reason, destination.reference_final)


def _earliest(wanted: Sequence[Wanted]) -> dict[str, date]:
    found: dict[str, date] = {}
    for one in wanted:
        found[one.customer] = min(one.day, found.get(one.customer, one.day))
    return found
