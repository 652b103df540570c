"""Destinations of many purchases at once: what the rule needs to know, loaded together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from commands.billing_contract.plan import entry_states
from commands.customer_invoice.billing_desk import BillingDesk
from commands.ports.purchases import Place
from commands.ports.reference import PresentCustomer
from domain.billing_contract.state import fold as fold_contract
from domain.billing_contract.usage_lines import (
    Bought,
    CyclePlace,
    UsageLine,
    cycle_place,
    same_place,
    taking,
    usage_lines,
)
from domain.customer_invoice.periods import Span
from domain.customer_invoice.state import CustomerInvoice, fold
from domain.identity import Stream, ad_hoc_invoice_stream
from domain.purchases.placing import AdHoc, Billed, Destination, place


@dataclass(frozen=True, slots=True)
class Wanted:
    """A purchase that needs a place; `customer` is known. The product matters only where a contract takes usage."""

    customer: str
    day: date
    reference: str | None = None
    product: str | None = None
    category: str | None = None
    subscription: str | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """Where purchases of some customers go now."""

    customers: Mapping[str, Billed]
    ad_hoc: Mapping[str, AdHoc]
    contracts: Mapping[str, Sequence[UsageLine]] = field(default_factory=dict)
    """Usage lines of contracts, by customer."""

    def of(self, wanted: Wanted) -> Destination:
        """The destination. Rejected `reference-of-another`."""
        ad_hoc = self.ad_hoc.get(wanted.reference) if wanted.reference is not None else None
        return place(wanted.day, self.customers[wanted.customer], wanted.reference, ad_hoc, self.cycle_of(wanted))

    def one_for(self, customer: str, first: date, last: date) -> bool:
        """Whether all that the customer bought from `first` to `last` has one destination, whatever it is."""
        lines = self.contracts.get(customer)
        if lines and not same_place(lines, first, last):
            return False
        if lines and self.cycle_of(Wanted(customer, first)) is not None:
            return True
        return any(first in period and last in period for period in self.customers[customer].existing)

    def cycle_of(self, wanted: Wanted) -> CyclePlace | None:
        """The cycle of the contract line that takes it, if one does and has a cycle left."""
        lines = self.contracts.get(wanted.customer)
        if not lines:
            return None
        bought = Bought(wanted.day, wanted.product or "", wanted.category, wanted.subscription)
        line = taking(lines, bought)
        return None if line is None else cycle_place(line, wanted.day)


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
    return Places(billed, ad_hoc, await contract_lines(desk, codes))


async def contract_lines(desk: BillingDesk, customers: Sequence[str]) -> Mapping[str, Sequence[UsageLine]]:
    """The usage lines of these customers' contracts, as they are now."""
    named = await desk.contracts.of(customers)
    wanted = sorted({contract for several in named.values() for contract in several})
    if not wanted:
        return {}
    histories = await desk.store.load_many([Stream("billing-contract", contract) for contract in wanted])
    lines: dict[UUID, Sequence[UsageLine]] = {}
    for stream, history in histories.items():
        contract = fold_contract(history.facts)
        if contract is not None:
            lines[stream.id] = usage_lines(stream.id, contract, await entry_states(desk.store, stream.id))
    return {code: [line for c in several for line in lines.get(c, ())] for code, several in named.items()}


async def invoices(desk: BillingDesk, streams: Sequence[Stream]) -> dict[Stream, CustomerInvoice]:
    """Customer invoices that are there, folded."""
    histories = await desk.store.load_many(streams)
    return {s: state for s, history in histories.items() if (state := fold(history.facts)) is not None}


def as_place(destination: Destination) -> Place:
    """As the purchase store keeps it."""
    return Place(destination.state, destination.waits_for, destination.reason, destination.reference_final)


def _earliest(wanted: Sequence[Wanted]) -> dict[str, date]:
    found: dict[str, date] = {}
    for one in wanted:
        found[one.customer] = min(one.day, found.get(one.customer, one.day))
    return found
