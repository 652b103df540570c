"""The one destination of a purchase, in this order: the ad hoc invoice of its reference, the contract line that takes
it, in the cycle it falls in, the periodical invoice of its date, else none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from domain.billing_contract.usage_lines import CyclePlace
from domain.customer_invoice.periods import LAST_DAY, Span, period_of
from domain.customer_invoice.state import FINAL, Status
from domain.identity import ad_hoc_invoice_stream, periodical_invoice_stream
from domain.reference.bodies import BillingPeriod
from domain.rejected import Rejected

State = Literal["arriving", "waiting", "held", "unrouted", "excluded"]
NOT_BILLED = "not-billed"
BEFORE_BILL_FROM = "before_bill_from"
UNKNOWN_REFERENCE = "unknown-reference"
GIVEN_BACK = "given-back"
"""Its contract's invoice was deleted: it is routed again at once."""
CONTRACT_CYCLE = "contract-cycle"
"""It waits until a contract's schedule entry is billed: `entry`, not an invoice."""
DATE_TOO_LATE = "date-too-late"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a purchase goes. `reference_final`: its ad hoc invoice was final, so another one has it.

    `late`: not the invoice that its own date belongs to. `entry`: it waits until this entry of a contract's schedule is
    billed.
    """

    state: State
    invoice: UUID | None = None
    reason: str | None = None
    reference_final: bool = False
    late: bool = False
    entry: UUID | None = None

    @property
    def waits_for(self) -> UUID | None:
        """The invoice or the schedule entry."""
        return self.invoice or self.entry


@dataclass(frozen=True, slots=True)
class AdHoc:
    """The ad hoc invoice of a reference, as it is now."""

    customer: str
    status: Status


@dataclass(frozen=True, slots=True)
class Billed:
    """A customer as billing sees it: its periods that have invoices, and the status of each of these invoices."""

    code: str
    billing_period: BillingPeriod
    bill_from: date | None
    existing: Sequence[Span]
    statuses: Mapping[date, Status]
    """By the first day of the period."""


def place(
    day: date,
    customer: Billed,
    reference: str | None,
    ad_hoc: AdHoc | None,
    cycle: CyclePlace | None = None,
) -> Destination:
    """The destination of a purchase of this day; `cycle`: of the contract line that takes it. Rejected when its
    reference is another customer's.
    """
    final = False
    if reference is not None:
        if ad_hoc is None or ad_hoc.status == "deleted":
            return Destination("held", None, UNKNOWN_REFERENCE)
        if ad_hoc.customer != customer.code:
            raise Rejected(
                "reference-of-another", f"{reference[:64]} is an invoice of {ad_hoc.customer}, not of {customer.code}."
            )
        final = ad_hoc.status in FINAL
        if not final:
            state: State = "waiting" if ad_hoc.status == "approving" else "arriving"
            return Destination(state, ad_hoc_invoice_stream(reference).id)
    if cycle is not None:
        return Destination("waiting", None, CONTRACT_CYCLE, final, cycle.late, cycle.entry)
    return _periodical(day, customer, reference_final=final)


def _periodical(day: date, customer: Billed, *, reference_final: bool) -> Destination:
    if customer.bill_from is None:
        return Destination("unrouted", None, NOT_BILLED, reference_final)
    if day > LAST_DAY:
        return Destination("unrouted", None, DATE_TOO_LATE, reference_final)
    own = period_of(day, customer.bill_from, customer.billing_period, customer.existing)
    if own is None:
        return Destination("excluded", None, BEFORE_BILL_FROM, reference_final)
    status = customer.statuses.get(own.first)
    if status == "approving":
        return _at(customer, own.first, "waiting", reference_final)
    if status not in FINAL:
        return _at(customer, own.first, "arriving", reference_final)
    for span in customer.existing:
        if span.first > own.first and customer.statuses.get(span.first) not in {*FINAL, "approving"}:
            return _at(customer, span.first, "arriving", reference_final, late=True)
    latest = customer.existing[-1] if customer.existing else own
    return _at(customer, _day_after(latest), "arriving", reference_final, late=True)


def _day_after(span: Span) -> date:
    return date.fromordinal(span.last.toordinal() + 1)


def _at(customer: Billed, first: date, state: State, reference_final: bool, *, late: bool = False) -> Destination:
    return Destination(
        state, periodical_invoice_stream(customer.code, first).id, None, reference_final=reference_final, late=late
    )
