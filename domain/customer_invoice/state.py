"""A customer invoice as far as the release of usage needs it: is it there, is it final, what does it hold."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal
from uuid import UUID

from domain.customer_invoice import events as e
from domain.fact import Fact
from domain.money import add, less
from domain.rejected import Rejected
from domain.usage_offer.ranges import Ranges, minus, normal

Status = Literal["pending", "open", "approving", "approved", "closed", "error", "deleted"]
LOCKED_OR_FINAL: frozenset[Status] = frozenset({"approving", "approved", "closed"})


@dataclass(frozen=True, slots=True)
class Holding:
    """What the invoice holds of one usage offer."""

    provider_invoice: UUID
    ranges: Ranges
    lines: int
    cost: Decimal


@dataclass(frozen=True, slots=True)
class CustomerInvoice:
    """The present state. `holdings` are by the id of the usage offer."""

    customer: str
    reference: str
    currency: str
    status: Status = "pending"
    holdings: Mapping[UUID, Holding] = field(default_factory=dict)

    @property
    def lines(self) -> int:
        """How many purchases it holds."""
        return sum(h.lines for h in self.holdings.values())

    @property
    def cost(self) -> Decimal:
        """Their exact cost."""
        return add(*(h.cost for h in self.holdings.values()))


def evolve(state: CustomerInvoice | None, fact: Fact) -> CustomerInvoice | None:
    """The state after a fact."""
    match fact:
        case e.CustomerInvoiceCreated():
            return CustomerInvoice(fact.customer, fact.reference, fact.currency)
        case _ if state is None:
            return None
        case e.PurchasesAdded():
            return replace(state, holdings=_with(state, fact), status="pending")
        case e.PurchasesRemoved():
            return replace(state, holdings=_without(state, fact), status="pending")
        case e.CustomerInvoiceChanged():
            return replace(state, status="pending")
        case e.CustomerInvoiceClosed():
            return replace(state, status="closed")
        case e.CustomerInvoiceDeleted():
            return replace(state, status="deleted", holdings={})
        case _:
            return state


def fold(facts: Iterable[Fact]) -> CustomerInvoice | None:
    """The state after all facts."""
    state: CustomerInvoice | None = None
    for fact in facts:
        state = evolve(state, fact)
    return state


def expect_open_to_change(invoice: CustomerInvoice) -> None:
    """Purchases come and go only while the invoice is neither locked nor final."""
    if invoice.status == "approving":
        raise Rejected(
            "invoice-locked", f"{invoice.reference} is in approval: withdraw the request first, or use adjust."
        )
    if invoice.status in LOCKED_OR_FINAL or invoice.status == "deleted":
        raise Rejected("invoice-final", f"{invoice.reference} is {invoice.status}: use adjust for a correction.")


def _with(state: CustomerInvoice, fact: e.PurchasesAdded) -> dict[UUID, Holding]:
    source, before = fact.source, state.holdings.get(fact.source.offer)
    holding = Holding(
        provider_invoice=source.provider_invoice,
        ranges=normal((*(before.ranges if before else ()), *source.ranges)),
        lines=(before.lines if before else 0) + fact.lines,
        cost=add(before.cost if before else Decimal(0), fact.cost),
    )
    return {**state.holdings, source.offer: holding}


def _without(state: CustomerInvoice, fact: e.PurchasesRemoved) -> dict[UUID, Holding]:
    holdings = dict(state.holdings)
    before = holdings.get(fact.source.offer)
    if before is None:
        return holdings
    rest = minus(before.ranges, fact.source.ranges)
    if fact.lines < before.lines and rest:
        holdings[fact.source.offer] = replace(
            before, ranges=rest, lines=before.lines - fact.lines, cost=less(before.cost, fact.cost)
        )
    else:
        del holdings[fact.source.offer]
    return holdings
