"""Where each of an offer's lines is, folded from its facts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

from domain.fact import Fact
from domain.identity import Stream, usage_offer_stream
from domain.money import add, less
from domain.usage_offer import events as e
from domain.usage_offer.ranges import Ranges, minus, normal


@dataclass(frozen=True, slots=True)
class Tally:
    """A number of lines and their exact cost."""

    lines: int = 0
    cost: Decimal = Decimal(0)

    def plus(self, lines: int, cost: Decimal) -> "Tally":
        """With more of them."""
        return Tally(self.lines + lines, add(self.cost, cost))

    def minus(self, lines: int, cost: Decimal) -> "Tally":
        """With fewer of them."""
        return Tally(self.lines - lines, less(self.cost, cost))


@dataclass(frozen=True, slots=True)
class Taken:
    """What one destination holds."""

    kind: Literal["customer-invoice", "billing-schedule", "customer-inbox"]
    name: str
    ranges: Ranges
    tally: Tally


@dataclass(frozen=True, slots=True)
class UsageOffer:
    """The present state: everything offered, less what destinations hold, what is released, or all withdrawn."""

    provider_invoice: UUID
    provider: str
    invoice_number: str
    attempt: int
    customer: str
    currency: str
    offered: Tally
    digest: str
    """Of all billable lines."""
    excluded: tuple[e.ExcludedLines, ...] = ()
    included_from: date | None = None
    """Of lines that an earlier `bill_from` brought in; None: what the activation offered."""
    taken: Mapping[UUID, Taken] = field(default_factory=dict)
    released: Ranges = ()
    released_tally: Tally = Tally()
    withdrawn: bool = False

    @property
    def stream(self) -> Stream:
        """Where it is kept."""
        return usage_offer_stream(self.provider_invoice, self.attempt, self.customer, self.included_from)

    @property
    def key(self) -> str:
        """What the line store knows its lines by: the customer, or the offer's id where they were included later."""
        return self.customer if self.included_from is None else str(self.stream.id)

    @property
    def early(self) -> Tally:
        """Lines that are excluded because they are from before the customer is billed."""
        return next((Tally(x.lines, x.cost) for x in self.excluded if x.reason == "before_bill_from"), Tally())

    @property
    def held(self) -> Ranges:
        """Line numbers that nothing may take: held by a destination, or released."""
        return normal((*(r for t in self.taken.values() for r in t.ranges), *self.released))

    @property
    def free(self) -> Tally:
        """Lines still offered."""
        rest = self.offered.minus(self.released_tally.lines, self.released_tally.cost)
        for taken in self.taken.values():
            rest = rest.minus(taken.tally.lines, taken.tally.cost)
        return Tally() if self.withdrawn else rest


def evolve(state: UsageOffer | None, fact: Fact) -> UsageOffer | None:
    """The state after a fact."""
    match fact:
        case e.UsageOffered():
            return UsageOffer(
                provider_invoice=fact.provider_invoice,
                provider=fact.provider,
                invoice_number=fact.invoice_number,
                attempt=fact.attempt,
                customer=fact.customer,
                currency=fact.currency,
                offered=Tally(fact.lines, fact.cost),
                digest=fact.digest,
                excluded=fact.excluded,
                included_from=fact.included_from,
            )
        case _ if state is None:
            return None
        case e.UsageIncluded():
            return replace(state, excluded=fewer_excluded(state.excluded, fact))
        case e.LinesInvoiced():
            return replace(state, taken={**state.taken, fact.destination: _more(state, fact)})
        case e.LinesReleased():
            return replace(
                state,
                taken=_less(state, fact),
                released=normal((*state.released, *fact.ranges)),
                released_tally=state.released_tally.plus(fact.lines, fact.cost),
            )
        case e.LinesReoffered():
            return replace(
                state,
                released=minus(state.released, fact.ranges),
                released_tally=state.released_tally.minus(fact.lines, fact.cost),
            )
        case e.UsageWithdrawn():
            return replace(state, withdrawn=True, released=(), released_tally=Tally())
        case _:
            return state


def fold(facts: Iterable[Fact]) -> UsageOffer | None:
    """The state after all facts."""
    state: UsageOffer | None = None
    for fact in facts:
        state = evolve(state, fact)
    return state


def fewer_excluded(excluded: Iterable[e.ExcludedLines], fact: e.UsageIncluded) -> tuple[e.ExcludedLines, ...]:
    """What is still excluded once these lines are not."""
    left = []
    for one in excluded:
        lines, cost = one.lines, one.cost
        if one.reason == "before_bill_from":
            lines, cost = lines - fact.lines, less(cost, fact.cost)
        if lines:
            left.append(e.ExcludedLines(reason=one.reason, lines=lines, cost=cost))
    return tuple(left)


def _more(state: UsageOffer, fact: e.LinesInvoiced) -> Taken:
    before = state.taken.get(fact.destination)
    return Taken(
        kind=fact.destination_kind,
        name=fact.destination_name,
        ranges=normal((*(before.ranges if before else ()), *fact.ranges)),
        tally=(before.tally if before else Tally()).plus(fact.lines, fact.cost),
    )


def _less(state: UsageOffer, fact: e.LinesReleased) -> dict[UUID, Taken]:
    taken = dict(state.taken)
    before = taken[fact.customer_invoice]
    ranges = minus(before.ranges, fact.ranges)
    if ranges:
        taken[fact.customer_invoice] = replace(before, ranges=ranges, tally=before.tally.minus(fact.lines, fact.cost))
    else:
        del taken[fact.customer_invoice]
    return taken
