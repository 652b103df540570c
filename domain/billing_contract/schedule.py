"""When a contract is billed: what its cycles, recurrences and milestones come to as entries with run dates.

Computed from the contract alone; whether an entry is still to be billed is a matter of its stream. An entry's `dates`
are whole: a cycle that the line's end cuts short keeps its first and last day, and with them its run date.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from heapq import merge
from itertools import islice
from typing import Final, Literal

from domain.billing_contract.cycles import LATEST, Calendar, Cycle
from domain.billing_contract.recurrence import Recurrence
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
    begins: date
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
    raise NotImplementedError


def checked_cut_off(days: int) -> int:
    """Days from cut-off to run date; Rejected `cut-off-out-of-range` when not from 0 to 366."""
    raise NotImplementedError


def run_date(one: Cycle, offset: int) -> date:
    """The end of the cycle + the offset: one that ends 31 January is billed on 2 February."""
    raise NotImplementedError


def closing_date(ends: date, offset: int) -> date:
    """The last run: the last day that is billed + the offset, as for a cycle that ends on that day."""
    raise NotImplementedError


def entries(schedules: Iterable[Schedule], first: date, last: date) -> list[Entry]:
    """Entries with run dates between two days, both included, in order of run date, kind, line and day."""
    raise NotImplementedError


def upcoming(schedules: Sequence[Schedule], day: date, limit: int = UPCOMING) -> list[Entry]:
    """The next entries with run dates from a day on, in the same order."""
    raise NotImplementedError


def next_run(schedules: Sequence[Schedule], day: date) -> date | None:
    """The first run date from a day on; None: nothing is left to bill."""
    raise NotImplementedError
