"""A billing contract's present state, folded from its facts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

from domain.billing_contract import events as e
from domain.billing_contract.fixed_price import Milestone
from domain.billing_contract.parts import (
    CustomerShare,
    FixedPriceTerms,
    LineTerms,
    MilestoneTerms,
    SubscriptionTerms,
    Terms,
)
from domain.billing_contract.shares import Share, SharesFrom
from domain.billing_contract.subscription import Change
from domain.fact import Fact
from domain.rejected import Rejected

ContractStatus = Literal["active", "ended"]


@dataclass(frozen=True, slots=True)
class Line:
    """A line. `ends` is its own; `quantities` and `prices` are a subscription's, `milestones` a fixed price's."""

    code: str
    name: str
    starts: date
    ends: date | None
    terms: LineTerms
    quantities: tuple[Change, ...] = ()
    prices: tuple[Change, ...] = ()
    milestones: Mapping[str, Milestone] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BillingContract:
    """The present state. `signed`: the terms as signed; `shares`: those of all times; `lines`: by code, in the order
    in which they were added.
    """

    number: str
    signed: Terms
    terms: Terms
    recorded_on: date
    shares: tuple[SharesFrom, ...]
    lines: Mapping[str, Line] = field(default_factory=dict)
    status: ContractStatus = "active"

    def line(self, code: str) -> Line:
        """Rejected `line-missing`."""
        found = self.lines.get(code)
        if found is None:
            raise Rejected("line-missing", f"Contract {self.number} has no line {code[:64]}.", kind="missing")
        return found

    def ends_of(self, line: Line) -> date | None:
        """The first day that a line is not billed: the earlier of its end and the contract's."""
        return min((day for day in (line.ends, self.terms.ends) if day is not None), default=None)


def fold(facts: Iterable[Fact]) -> BillingContract | None:
    """The state after these facts; None: it is not there."""
    state: BillingContract | None = None
    for fact in facts:
        state = evolve(state, fact)
    return state


def evolve(state: BillingContract | None, fact: Fact) -> BillingContract | None:
    """The state after one more fact."""
    if isinstance(fact, e.ContractSigned):
        shares = (SharesFrom(fact.terms.starts, shares_of(fact.terms.customers)),)
        return BillingContract(fact.contract, fact.terms, fact.terms, fact.recorded_on, shares)
    if state is None:
        return None
    match fact:
        case e.ContractAmended():
            return replace(state, terms=fact.terms, shares=_shares_after(state, fact))
        case e.ContractEnded():
            return replace(state, status="ended", terms=state.terms.model_copy(update={"ends": fact.ends}))
        case e.LineAdded():
            return _with(state, _line(fact))
        case _:
            return _with_changed_line(state, fact)


def _with_changed_line(state: BillingContract, fact: Fact) -> BillingContract:
    match fact:
        case e.LineEnded():
            line = replace(state.lines[fact.line], ends=fact.ends)
        case e.QuantityChanged():
            line = state.lines[fact.line]
            line = replace(line, quantities=(*line.quantities, Change(fact.day, fact.quantity)))
        case e.PriceChanged():
            line = state.lines[fact.line]
            line = replace(line, prices=(*line.prices, Change(fact.day, fact.price)))
        case e.MilestoneAdded():
            line = _with_milestone(state.lines[fact.line], _milestone(fact.milestone))
        case e.MarkedReady() | e.UnmarkedReady() if fact.milestone is not None:
            line = state.lines[fact.line]
            found = line.milestones[fact.milestone]
            line = _with_milestone(line, replace(found, ready=isinstance(fact, e.MarkedReady)))
        case _:
            return state
    return _with(state, line)


def shares_of(customers: Iterable[CustomerShare]) -> tuple[Share, ...]:
    """The shares as amounts are split by them."""
    return tuple(Share(one.customer, one.percent) for one in customers)


def _shares_after(state: BillingContract, fact: e.ContractAmended) -> tuple[SharesFrom, ...]:
    now = shares_of(fact.terms.customers)
    if fact.shares_from is not None:
        return (*state.shares, SharesFrom(fact.shares_from, now))
    return state.shares if now == shares_of(fact.before.customers) else (SharesFrom(fact.terms.starts, now),)


def _line(fact: e.LineAdded) -> Line:
    line = Line(fact.line, fact.name, fact.starts, fact.ends, fact.terms)
    match fact.terms:
        case SubscriptionTerms():
            first = fact.starts
            return replace(
                line,
                quantities=(Change(first, fact.terms.quantity),),
                prices=(Change(first, fact.terms.price),),
            )
        case FixedPriceTerms():
            return replace(line, milestones={one.name: _milestone(one) for one in fact.terms.milestones})
        case _:
            return line


def _milestone(one: MilestoneTerms) -> Milestone:
    return Milestone(one.name, one.day, one.amount, one.ready)


def _with(state: BillingContract, line: Line) -> BillingContract:
    return replace(state, lines={**state.lines, line.code: line})


def _with_milestone(line: Line, one: Milestone) -> Line:
    return replace(line, milestones={**line.milestones, one.name: one})
