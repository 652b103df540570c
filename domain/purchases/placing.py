"""The one destination of a purchase, in this order: the ad hoc invoice of its reference, the periodical invoice of its
date, else none. (Between the two: the contract line that takes it, once there are contracts.)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from domain.customer_invoice.periods import Span, following, period_of
from domain.customer_invoice.state import FINAL, Status
from domain.identity import ad_hoc_invoice_stream, periodical_invoice_stream
from domain.reference.bodies import BillingPeriod
from domain.rejected import Rejected

State = Literal["arriving", "waiting", "held", "unrouted", "excluded"]
NOT_BILLED = "not-billed"
BEFORE_BILL_FROM = "before_bill_from"
UNKNOWN_REFERENCE = "unknown-reference"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a purchase goes. `reference_final`: its ad hoc invoice was final, so the periodical one has it.

    `late`: not the invoice that its own date belongs to.
    """

    state: State
    invoice: UUID | None = None
    reason: str | None = None
    reference_final: bool = False
    late: bool = False


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


def place(day: date, customer: Billed, reference: str | None, ad_hoc: AdHoc | None) -> Destination:
    """The destination of a purchase of this day. Rejected when its reference is another customer's."""
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
    return _periodical(day, customer, reference_final=final)


def _periodical(day: date, customer: Billed, *, reference_final: bool) -> Destination:
    if customer.bill_from is None:
        return Destination("unrouted", None, NOT_BILLED, reference_final)
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
    first = following(latest.first, customer.billing_period) if latest == own else _day_after(latest)
    return _at(customer, first, "arriving", reference_final, late=True)


def _day_after(span: Span) -> date:
    return date.fromordinal(span.last.toordinal() + 1)


def _at(customer: Billed, first: date, state: State, reference_final: bool, *, late: bool = False) -> Destination:
    return Destination(
        state, periodical_invoice_stream(customer.code, first).id, None, reference_final=reference_final, late=late
    )
