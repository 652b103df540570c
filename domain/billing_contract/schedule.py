"""When a contract is billed: what its cycles, recurrences and milestones come to as entries with run dates.

Computed from the contract alone; whether an entry is still to be billed is a matter of its stream. An entry's `dates`
are whole: a cycle that the line's end cuts short keeps its first and last day, and with them its run date.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from heapq import merge
from itertools import islice, takewhile
from typing import Final, Literal, assert_never

from domain.billing_contract.cycles import Calendar, Cycle
from domain.billing_contract.recurrence import Recurrence, run_dates
from domain.rejected import Rejected

Kind = Literal["cycle", "run", "milestone"]

MAX_OFFSET: Final = 366
DEFAULT_OFFSET: Final = 2
DEFAULT_CUT_OFF: Final = 1
UPCOMING: Final = 12
"""Entries still to come that lists show."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to bill. `line` None: the cycle that the contract's lines share; `name`: of a milestone.

    `first` and `last`: of a cycle its days, else the day of the run or milestone twice. `cut_off`: the last day whose
    transactions a run takes; None: all of them. `closing`: the one last run after the end.
    """

    run_date: date
    kind: Kind
    line: str | None
    first: date
    last: date
    name: str | None = None
    cut_off: date | None = None
    closing: bool = False

    @property
    def named_by(self) -> date:
        """The day callers name it by: a cycle's first day, else the run date."""
        return self.first if self.kind == "cycle" else self.run_date


@dataclass(frozen=True, slots=True)
class CycleSchedule:
    """Each cycle is billed `offset` calendar days after its last day; a negative offset bills before it ends."""

    calendar: Calendar
    line: str | None = None
    offset: int = DEFAULT_OFFSET


@dataclass(frozen=True, slots=True)
class RunSchedule:
    """A line billed on the dates of a recurrence, and once more when it has ended.

    `ends`: the first day not billed, the earlier of line's and contract's; `cut_off_days`: before each run date.
    """

    line: str
    recurrence: Recurrence
    ends: date | None = None
    cut_off_days: int = DEFAULT_CUT_OFF
    offset: int = DEFAULT_OFFSET


@dataclass(frozen=True, slots=True)
class MilestoneSchedule:
    """A line billed on its milestones' dates ((name, date) pairs), and once more when it has ended."""

    line: str
    milestones: tuple[tuple[str, date], ...]
    ends: date | None = None
    offset: int = DEFAULT_OFFSET


Schedule = CycleSchedule | RunSchedule | MilestoneSchedule


def checked_offset(offset: int) -> int:
    """The billing offset; Rejected `offset-out-of-range` when it is not from -366 to 366."""
    if not -MAX_OFFSET <= offset <= MAX_OFFSET:
        raise Rejected(
            "offset-out-of-range",
            f"A billing offset is from -{MAX_OFFSET} to {MAX_OFFSET} calendar days, not {offset}.",
            kind="invalid",
        )
    return offset


def checked_cut_off(days: int) -> int:
    """Days from cut-off to run date; Rejected `cut-off-out-of-range` when not from 0 to 366."""
    if not 0 <= days <= MAX_OFFSET:
        raise Rejected(
            "cut-off-out-of-range", f"A cut-off is 0 to {MAX_OFFSET} days before the run, not {days}.", kind="invalid"
        )
    return days


def run_date(one: Cycle, offset: int) -> date:
    """The end of the cycle + the offset: one that ends 31 January is billed on 2 February."""
    return moved(one.last, offset)


def closing_date(ends: date, offset: int) -> date:
    """The last run: the last day that is billed + the offset, as for a cycle that ends on that day."""
    return moved(ends, offset - 1)


def moved(day: date, days: int) -> date:
    """A day some days later, or the first or last day there is."""
    return date.fromordinal(min(max(day.toordinal() + days, date.min.toordinal()), date.max.toordinal()))


def entries(schedules: Iterable[Schedule], first: date, last: date) -> list[Entry]:
    """Entries with run dates between two days, both included, in order of run date, kind, line and day."""
    return list(takewhile(lambda entry: entry.run_date <= last, _merged(schedules, first, last)))


def named(schedules: Iterable[Schedule], day: date) -> list[Entry]:
    """Entries that callers name by a day: cycles that begin on it first, then runs and milestones of it; by line."""
    some = list(schedules)
    cycles = [one for one in within(some, day) if one.first == day]
    others = entries([one for one in some if not isinstance(one, CycleSchedule)], day, day)
    return sorted([*cycles, *others], key=lambda entry: (entry.kind != "cycle", entry.line or ""))


def within(schedules: Iterable[Schedule], day: date) -> list[Entry]:
    """The cycles that a day lies in."""
    cycles = [(one, one.calendar.of(day)) for one in schedules if isinstance(one, CycleSchedule)]
    return [_cycle(one, found) for one, found in cycles if found is not None]


def upcoming(schedules: Iterable[Schedule], day: date, limit: int = UPCOMING) -> list[Entry]:
    """The next entries with run dates from a day on, in the same order."""
    return list(islice(following(schedules, day), limit))


def following(schedules: Iterable[Schedule], day: date) -> Iterator[Entry]:
    """All entries with run dates from a day on, in the same order, as far as they are asked for."""
    return _merged(schedules, day, date.max)


def next_run(schedules: Iterable[Schedule], day: date) -> date | None:
    """The first run date from a day on; None: nothing is left to bill."""
    return next((entry.run_date for entry in _merged(schedules, day, date.max)), None)


def _merged(schedules: Iterable[Schedule], first: date, last: date) -> Iterator[Entry]:
    return merge(*(_entries(one, first, last) for one in schedules), key=_order)


def _entries(one: Schedule, first: date, last: date) -> Iterator[Entry]:
    match one:
        case CycleSchedule():
            return _cycles(one, first)
        case RunSchedule():
            return _with_closing(_runs(one, first, last), one.line, one.ends, one.offset, first)
        case MilestoneSchedule():
            found = merge(_milestones(one, first), _late_milestones(one, first), key=_order)
            return _with_closing(found, one.line, one.ends, one.offset, first)
        case _:
            assert_never(one)


def _cycles(of: CycleSchedule, first: date) -> Iterator[Entry]:
    for one in of.calendar.cycles(moved(first, -of.offset)):
        yield _cycle(of, one)


def _cycle(of: CycleSchedule, one: Cycle) -> Entry:
    return Entry(run_date(one, of.offset), "cycle", of.line, one.first, one.last)


def _runs(of: RunSchedule, first: date, last: date) -> Iterator[Entry]:
    end = last if of.ends is None else min(last, moved(of.ends, -1))
    for day in run_dates(of.recurrence, first, end):
        yield Entry(day, "run", of.line, day, day, cut_off=moved(day, -of.cut_off_days))


def _milestones(of: MilestoneSchedule, first: date) -> Iterator[Entry]:
    for day, name in sorted((day, name) for name, day in of.milestones):
        if day >= first and (of.ends is None or day < of.ends):
            yield Entry(day, "milestone", of.line, day, day, name)


def _late_milestones(of: MilestoneSchedule, first: date) -> Iterator[Entry]:
    """Those dated on or after the end are billed with the last run, or after it, as soon as they are ready."""
    if of.ends is None:
        return
    run = closing_date(of.ends, of.offset)
    for day, name in sorted((day, name) for name, day in of.milestones):
        if run >= first and day >= of.ends:
            yield Entry(run, "milestone", of.line, day, day, name)


def _with_closing(found: Iterator[Entry], line: str, ends: date | None, offset: int, first: date) -> Iterator[Entry]:
    """The entries of a line and its one last run, which takes the place of a run on the same day."""
    if ends is None:
        yield from found
        return
    day = closing_date(ends, offset)
    closing = (Entry(day, "run", line, day, day, closing=True),) if day >= first else ()
    others = (entry for entry in found if entry.kind != "run" or entry.run_date != day)
    yield from merge(others, closing, key=_order)


def _order(entry: Entry) -> tuple[date, str, str, date, str]:
    return (entry.run_date, entry.kind, entry.line or "", entry.first, entry.name or "")
