"""Which contract line takes a purchase, and in which cycle. Source of the rules: the path of usage, "One destination".

Of the lines that match and are valid on the purchase's date the most specific takes it: subscription, product,
category, everything; of several the one of the older contract, then the first listed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from domain.billing_contract.cycles import Calendar
from domain.billing_contract.entry import EntryState, entry_stream
from domain.billing_contract.parts import UsageTerms
from domain.billing_contract.planning import usage_schedule
from domain.billing_contract.schedule import Entry, run_date
from domain.billing_contract.state import BillingContract, Line

_LOOK_AHEAD: Final = 1_000
"""Cycles after a purchase's own that are looked at for one that is not billed yet."""


@dataclass(frozen=True, slots=True)
class Bought:
    """What a line is matched by. `category` is the product's."""

    day: date
    product: str
    category: str | None = None
    subscription: str | None = None


@dataclass(frozen=True, slots=True)
class UsageLine:
    """A usage line of a contract with the entries that something happened to. `ends`: the first day not billed."""

    contract_id: UUID
    contract: BillingContract
    line: Line
    terms: UsageTerms
    entries: Mapping[UUID, EntryState]

    @property
    def ends(self) -> date | None:
        """The earlier of the line's end and the contract's."""
        return self.contract.ends_of(self.line)

    @property
    def age(self) -> tuple[date, str]:
        """What makes a contract older than another one."""
        return (self.contract.recorded_on, self.contract.number)


@dataclass(frozen=True, slots=True)
class CyclePlace:
    """The entry that a purchase waits for. `late`: not that of the cycle its own date lies in."""

    entry: UUID
    at: Entry
    late: bool = False


def usage_lines(
    contract_id: UUID, contract: BillingContract, entries: Mapping[UUID, EntryState]
) -> Sequence[UsageLine]:
    """The usage lines of a contract, in its order."""
    return [
        UsageLine(contract_id, contract, line, line.terms, entries)
        for line in contract.lines.values()
        if isinstance(line.terms, UsageTerms)
    ]


def taking(lines: Iterable[UsageLine], bought: Bought) -> UsageLine | None:
    """The line that takes a purchase of its customer; None: no contract does."""
    found: list[tuple[int, tuple[date, str], int, UsageLine]] = []
    for number, one in enumerate(lines):
        rank = _specificity(one.terms, bought)
        if rank is not None and _valid(one, bought.day):
            found.append((rank, one.age, number, one))
    return min(found, key=lambda candidate: candidate[:3])[3] if found else None


def cycle_place(one: UsageLine, day: date) -> CyclePlace | None:
    """The entry of the cycle that a day falls in, or the next one that is not billed yet; None: none is left."""
    schedule = usage_schedule(one.contract, one.line)
    own = schedule.calendar.of(day)
    if own is None:
        return None
    for number, cycle in enumerate(schedule.calendar.cycles(own.first)):
        entry = Entry(run_date(cycle, schedule.offset), "cycle", schedule.line, cycle.first, cycle.last)
        id_ = entry_stream(one.contract.number, entry).id
        known = one.entries.get(id_)
        if known is None or known.status == "active":
            return CyclePlace(id_, entry, late=number > 0)
        if number == _LOOK_AHEAD:
            break
    return None


def boundaries(lines: Iterable[UsageLine], first: date, last: date) -> list[date]:
    """Days from `first` to `last` on which another line or cycle may begin to take purchases, `first` included.

    Purchases of one product and subscription between two of them have one destination.
    """
    days = {first}
    for one in lines:
        days.update(cycle.first for cycle in _calendar(one).cycles(first, last))
        days.update(day for day in (one.line.starts, one.ends) if day is not None)
    return sorted(day for day in days if first <= day <= last)


def same_place(lines: Sequence[UsageLine], first: date, last: date) -> bool:
    """Whether all purchases of these days have one destination, whatever they are: the lines take everything."""
    everything = all(one.terms.everything for one in lines)
    return everything and boundaries(lines, first, last) == [first]


def _calendar(one: UsageLine) -> Calendar:
    return usage_schedule(one.contract, one.line).calendar


def _valid(one: UsageLine, day: date) -> bool:
    return one.line.starts <= day and (one.ends is None or day < one.ends)


def _specificity(terms: UsageTerms, bought: Bought) -> int | None:
    if bought.subscription is not None and bought.subscription in terms.subscriptions:
        return 0
    if bought.product in terms.products:
        return 1
    if bought.category is not None and bought.category in terms.categories:
        return 2
    return 3 if terms.everything else None
