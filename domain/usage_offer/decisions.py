"""What may happen to an offer: taken in batches, released, reoffered, withdrawn. One line, one destination, ever."""

from datetime import date
from decimal import Decimal
from typing import Literal, TypedDict
from uuid import UUID

from domain.fact import Fact
from domain.identity import usage_offer_stream
from domain.money import add
from domain.rejected import Rejected
from domain.usage_offer import events as e
from domain.usage_offer.ranges import Ranges, covers, normal, overlap
from domain.usage_offer.state import UsageOffer

MAX_BATCH = 10_000


class _Names(TypedDict):
    provider_invoice: UUID
    provider: str
    invoice_number: str
    attempt: int
    customer: str
    currency: str


def take(
    offer: UsageOffer,
    *,
    destination: UUID,
    kind: Literal["customer-invoice", "billing-schedule", "customer-inbox"],
    name: str,
    ranges: Ranges,
    lines: int,
    cost: Decimal,
    digest: str,
) -> list[Fact]:
    """A batch of at most 10,000 free lines gets its destination."""
    if offer.withdrawn:
        raise Rejected("usage-withdrawn", f"The usage of {offer.invoice_number} was withdrawn: nothing can take it.")
    if not 0 < lines <= MAX_BATCH:
        raise Rejected("batch-size", f"A batch has 1 to {MAX_BATCH:,} lines, not {lines:,}.", kind="invalid")
    both = overlap(offer.held, ranges)
    if both is not None:
        raise Rejected("lines-taken", f"Lines {both.first} to {both.last} of {offer.invoice_number} are taken already.")
    if lines > offer.free.lines:
        raise Rejected("batch-size", f"Only {offer.free.lines:,} lines are free, not {lines:,}.", kind="invalid")
    return [
        e.LinesInvoiced(
            **_names(offer),
            destination=destination,
            destination_kind=kind,
            destination_name=name,
            ranges=normal(ranges),
            lines=lines,
            cost=cost,
            digest=digest,
        )
    ]


def include(
    offer: UsageOffer, included: UsageOffer | None, *, bill_from: date, lines: int, cost: Decimal, digest: str
) -> tuple[list[Fact], list[Fact]]:
    """`bill_from` was moved to an earlier day: these lines are no longer excluded. What this offer says, and theirs.

    `included` is that offer as it is; when it is there, or nothing of this one may be billed any more, nothing.
    """
    if included is not None or offer.withdrawn or not lines:
        return [], []
    if lines > offer.early.lines:
        raise Rejected(
            "lines-not-excluded",
            f"Only {offer.early.lines:,} lines of {offer.invoice_number} are before_bill_from, not {lines:,}.",
            kind="invalid",
        )
    names = _names(offer)
    other = usage_offer_stream(offer.provider_invoice, offer.attempt, offer.customer, bill_from)
    return (
        [e.UsageIncluded(**names, offer=other.id, bill_from=bill_from, lines=lines, cost=cost, digest=digest)],
        [e.UsageOffered(**names, lines=lines, cost=cost, digest=digest, included_from=bill_from)],
    )


def release(
    offer: UsageOffer, *, customer_invoice: UUID, ranges: Ranges, lines: int, cost: Decimal, reason: str
) -> list[Fact]:
    """Lines leave a customer invoice. Lines that are released already decide nothing."""
    if ranges and covers(offer.released, ranges):
        return []
    taken = offer.taken.get(customer_invoice)
    if taken is None or not covers(taken.ranges, ranges):
        raise Rejected(
            "lines-not-invoiced", f"Not all of these lines of {offer.invoice_number} are on that customer invoice."
        )
    return [
        e.LinesReleased(
            **_names(offer),
            customer_invoice=customer_invoice,
            customer_invoice_name=taken.name,
            ranges=normal(ranges),
            lines=lines,
            cost=cost,
            reason=reason,
        )
    ]


def reoffer(offer: UsageOffer, *, ranges: Ranges, lines: int, cost: Decimal, reason: str) -> list[Fact]:
    """Released lines may be billed again. Lines that are offered already decide nothing."""
    if overlap(offer.held, ranges) is None:
        return []
    if not covers(offer.released, ranges):
        raise Rejected("lines-not-released", f"Not all of these lines of {offer.invoice_number} are released.")
    return [e.LinesReoffered(**_names(offer), ranges=normal(ranges), lines=lines, cost=cost, reason=reason)]


def withdraw(offer: UsageOffer) -> list[Fact]:
    """The provider invoice was taken out; the caller has refused that while a destination holds lines for good."""
    if offer.withdrawn:
        return []
    if any(t.kind == "customer-invoice" for t in offer.taken.values()):
        raise Rejected(
            "lines-invoiced", f"Lines of {offer.invoice_number} are on customer invoices: release them first."
        )
    waiting_lines = sum(t.tally.lines for t in offer.taken.values())
    waiting_cost = add(*(t.tally.cost for t in offer.taken.values()))
    free, out = offer.free, offer.released_tally
    return [
        e.UsageWithdrawn(
            **_names(offer),
            lines=free.lines + out.lines + waiting_lines,
            cost=add(free.cost, out.cost, waiting_cost),
        )
    ]


def _names(offer: UsageOffer) -> _Names:
    return {
        "provider_invoice": offer.provider_invoice,
        "provider": offer.provider,
        "invoice_number": offer.invoice_number,
        "attempt": offer.attempt,
        "customer": offer.customer,
        "currency": offer.currency,
    }
