"""Billing cycles: cycle k runs from the contract's start + k periods to the day before cycle k + 1.

Always counted from the start, never from the cycle before, and clamped to the month's end: a contract of the 31st
comes back to the 31st in every month that has one. (Spec: billing contracts, cycles.)
"""

from calendar import monthrange
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from typing import Final

from domain.customer_invoice.periods import Span
from domain.reference.bodies import BillingPeriod
from domain.rejected import Rejected

Frequency = BillingPeriod
"""How long a cycle is."""

EARLIEST: Final = date(1900, 1, 1)
LATEST: Final = date(2399, 12, 31)
"""Days that contracts know. Any other is a slip of the pen, and would make the calendar endless."""

_MONTHS: Final[dict[Frequency, int]] = {"monthly": 1, "quarterly": 3, "half-yearly": 6, "yearly": 12}
_WEEK: Final = 7


@dataclass(frozen=True, slots=True, order=True)
class Cycle:
    """Cycle `number` (from 0) from its first to its last day, both included, not clipped by any start or end."""

    number: int
    first: date
    last: date

    @property
    def days(self) -> int:
        """The denominator of every amount by day."""
        return (self.last - self.first).days + 1

    @property
    def following(self) -> date:
        """The first day of the next cycle."""
        return self.last + timedelta(days=1)

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


def checked_day(day: date) -> date:
    """The day; Rejected `date-out-of-range` when contracts don't know it."""
    if not EARLIEST <= day <= LATEST:
        raise Rejected(
            "date-out-of-range", f"{day} is not between {EARLIEST} and {LATEST}: give another.", kind="invalid"
        )
    return day


def cycle_start(start: date, frequency: Frequency, number: int) -> date:
    """The first day of a cycle: the start + `number` periods, clamped to the month's end."""
    months = _MONTHS.get(frequency)
    if months is None:
        return start + timedelta(days=_WEEK * number)
    index = start.month - 1 + months * number
    year, month = start.year + index // 12, index % 12 + 1
    return date(year, month, min(start.day, monthrange(year, month)[1]))


def cycle(start: date, frequency: Frequency, number: int) -> Cycle:
    """Cycle `number`, from 0."""
    after = cycle_start(start, frequency, number + 1)
    return Cycle(number, cycle_start(start, frequency, number), after - timedelta(days=1))


def cycle_of(start: date, frequency: Frequency, day: date) -> Cycle:
    """The cycle that a day lies in, whether or not anything is billed in it.

    Rejected `date-out-of-range` beyond `LATEST`; ValueError before the start: no cycle is there.
    """
    checked_day(day)
    if day < start:
        raise ValueError(f"{day} is before the first cycle, which begins on {start}")
    months = _MONTHS.get(frequency)
    if months is None:
        return cycle(start, frequency, (day - start).days // _WEEK)
    number = (12 * (day.year - start.year) + day.month - start.month) // months
    if number and cycle_start(start, frequency, number) > day:
        number -= 1
    return cycle(start, frequency, number)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The cycles of a contract, or of a line with a frequency of its own; both count from the contract's `start`.

    Billed are those that meet the days from `begins` (None: the start) to the day before `ends` (None: no end).
    """

    start: date
    frequency: Frequency
    begins: date | None = None
    ends: date | None = None

    @property
    def first_day(self) -> date:
        """The first day that is billed."""
        return self.start if self.begins is None else max(self.start, self.begins)

    def of(self, day: date) -> Cycle | None:
        """The cycle of a day; None: it is not billed there."""
        if day < self.start or day > LATEST:
            return None
        found = cycle_of(self.start, self.frequency, day)
        return found if self._billed(found) else None

    def named(self, first: date) -> Cycle:
        """The cycle of this first day; Rejected `cycle-unknown`, naming the cycle that the day lies in."""
        found = self.of(first)
        if found is not None and found.first == first:
            return found
        earliest = next(self.cycles(), None)
        if found is not None:
            hint = f"the cycle of that day is {found.first}"
        elif earliest is None:
            hint = "it ends before anything is billed"
        elif first < earliest.first or self.ends is None:
            hint = f"the first one is {earliest.first}"
        else:
            hint = f"{self.ends} is the first day that is not billed"
        raise Rejected(
            "cycle-unknown",
            f"There is no cycle that begins on {first}: {hint}. Name it by its first day.",
            kind="invalid",
        )

    def cycles(self, first: date | None = None, last: date = LATEST) -> Iterator[Cycle]:
        """Cycles that meet the days from `first` (None: the first billed) to `last`, in order."""
        begin = self.first_day if first is None else max(first, self.first_day)
        if begin > LATEST:
            return
        for number in count(cycle_of(self.start, self.frequency, begin).number):
            found = cycle(self.start, self.frequency, number)
            if found.first > min(last, LATEST) or not self._billed(found):
                return
            yield found

    def clipped(self, one: Cycle) -> Span | None:
        """The days of a cycle that are billed; None: none is."""
        last = one.last if self.ends is None else min(one.last, self.ends - timedelta(days=1))
        first = max(one.first, self.first_day)
        return Span(first, last) if first <= last else None

    def next_uninvoiced(self, done: Collection[date]) -> Cycle | None:
        """The earliest cycle whose first day is not in `done`; None: all are."""
        return next((one for one in self.cycles() if one.first not in done), None)

    def _billed(self, one: Cycle) -> bool:
        return self.clipped(one) is not None
