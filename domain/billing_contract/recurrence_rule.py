"""A recurrence rule (RFC 5545, 3.3.10) of whole days, and the dates it stands for.

Dates are those of python-dateutil. Two things are ours. Every part that the RFC derives from DTSTART is made explicit,
so that counting may begin at any of the rule's periods. And the days are moved by whole cycles of the calendar (400
years, 20,871 weeks) until `LATEST` is the last day there is: whatever the rule, looking for a date comes to an end.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import dropwhile, takewhile
from typing import Any, Final, Literal

from dateutil import rrule

from domain.billing_contract.cycles import LATEST

WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
Freq = Literal["YEARLY", "MONTHLY", "WEEKLY", "DAILY"]
FREQ: Final[dict[Freq, Literal[0, 1, 2, 3]]] = {"YEARLY": 0, "MONTHLY": 1, "WEEKLY": 2, "DAILY": 3}
_ERA: Final = timedelta(days=19 * 146_097)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule taken apart. `by`: its BY parts but BYDAY; `days`: (ordinal or 0, weekday from Monday 0)."""

    freq: Freq
    interval: int
    count: int | None
    until: date | None
    by: tuple[tuple[str, tuple[int, ...]], ...]
    days: tuple[tuple[int, int], ...]

    def __str__(self) -> str:
        """The rule in normal form."""
        parts = [f"FREQ={self.freq}", f"INTERVAL={self.interval}" if self.interval > 1 else ""]
        parts += [f"{name}={','.join(map(str, values))}" for name, values in self.by]
        parts.append("BYDAY=" + ",".join(f"{n or ''}{WEEKDAYS[day]}" for n, day in self.days) if self.days else "")
        parts.append("" if self.count is None else f"COUNT={self.count}")
        parts.append("" if self.until is None else f"UNTIL={self.until:%Y%m%d}")
        return ";".join(part for part in parts if part)

    def dates(self, dtstart: date, first: date | None = None) -> Iterator[date]:
        """Dates that the BY parts pick from DTSTART on, and not before `first`; COUNT and UNTIL are not looked at."""
        begin = dtstart if first is None else max(first, dtstart)
        if begin > LATEST:
            return iter(())
        found = rrule.rrule(
            FREQ[self.freq],
            dtstart=datetime.combine(self._period(dtstart, begin) + _ERA, datetime.min.time()),
            interval=self.interval,
            wkst=rrule.MO,
            **self._picks(dtstart),
        )
        moved = (moment.date() for moment in found)
        return dropwhile(lambda day: day < begin, _to_the_end(moved))

    def _period(self, dtstart: date, day: date) -> date:
        """The first day of the last period of the rule that begins no later than `day`."""
        if self.freq == "DAILY":
            return day - (day - dtstart) % timedelta(days=self.interval)
        if self.freq == "WEEKLY":
            monday = dtstart - timedelta(days=dtstart.weekday())
            return day - (day - monday) % timedelta(weeks=self.interval)
        if self.freq == "MONTHLY":
            months = 12 * (day.year - dtstart.year) + day.month - dtstart.month
            index = 12 * dtstart.year + dtstart.month - 1 + months // self.interval * self.interval
            return date(index // 12, index % 12 + 1, 1)
        return date(day.year - (day.year - dtstart.year) % self.interval, 1, 1)

    def _picks(self, dtstart: date) -> dict[str, Any]:
        """The BY parts, with those that are missing taken from DTSTART."""
        picks: dict[str, Any] = {name.lower(): list(values) for name, values in self.by}
        if self.days:
            picks["byweekday"] = [rrule.weekday(day, n or None) for n, day in self.days]
        names = {name for name, _ in self.by}
        if self.days or names & {"BYMONTHDAY", "BYYEARDAY"} or self.freq == "DAILY":
            return picks
        if self.freq == "WEEKLY" or "BYWEEKNO" in names:
            picks["byweekday"] = [dtstart.weekday()]
            return picks
        picks["bymonthday"] = [dtstart.day]
        if self.freq == "YEARLY" and "BYMONTH" not in names:
            picks["bymonth"] = [dtstart.month]
        return picks


def _to_the_end(moved: Iterator[date]) -> Iterator[date]:
    try:
        yield from (day - _ERA for day in takewhile(lambda one: one <= LATEST + _ERA, moved))
    except ValueError:  # a week that reaches into the year 10000
        return
