"""Columns of dates, taken as written and never shifted: a zone at the end says nothing here.

A file has few different dates, so each is read once, by plain Python, and remembered.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from adapters.provider_files.cells import Arrow, CellFault, StringColumn, by_value, constant
from adapters.provider_files.mapping import DateFormat

_TIME = r"(?:[T ]+(?P<time>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?: ?[AaPp][Mm])?))?"
_ZONE = r" ?(?:Z|UTC|[+-][0-9]{2}:?[0-9]{2})?"
_DAY: Mapping[DateFormat, str] = {
    "iso": r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})",
    "m/d/yyyy": r"(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})/(?P<year>[0-9]{4})",
    "d/m/yyyy": r"(?P<day>[0-9]{1,2})/(?P<month>[0-9]{1,2})/(?P<year>[0-9]{4})",
    "d.m.yyyy": r"(?P<day>[0-9]{1,2})\.(?P<month>[0-9]{1,2})\.(?P<year>[0-9]{4})",
    "yyyymmdd": r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})",
}
_PATTERN = {name: re.compile(day + _TIME + _ZONE, re.ASCII) for name, day in _DAY.items()}
_MIDNIGHT = re.compile(r"(?:0?0:00(?::00(?:\.0+)?)?|12:00(?::00(?:\.0+)?)? ?[Aa][Mm])", re.ASCII)
_REMEMBERED = 20_000
_FIRST_YEAR, _LAST_YEAR = 1900, 2999


@dataclass(frozen=True, slots=True)
class Moment:
    """A date as written, and whether a time of day other than midnight was with it."""

    day: date
    timed: bool


@dataclass(frozen=True, slots=True)
class DateCells:
    """The same cells as ISO text (one `str` if all are the same) and as date32; `timed` rows had a time of day."""

    text: Arrow
    values: Arrow
    timed: Arrow


def read_moment(text: str, formats: tuple[DateFormat, ...]) -> Moment:
    """Read one cell. ValueError with the reason, to be put behind the cell's value."""
    for name in formats:
        found = _PATTERN[name].fullmatch(text.strip())
        if found is None:
            continue
        try:
            day = date(int(found["year"]), int(found["month"]), int(found["day"]))
        except ValueError:
            raise ValueError("is no day of the calendar") from None
        if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
            raise ValueError(f"is no plausible date (years {_FIRST_YEAR} to {_LAST_YEAR})")
        return Moment(day, found["time"] is not None and _MIDNIGHT.fullmatch(found["time"]) is None)
    raise ValueError(f"is not a date (expected: {', '.join(formats)})")


class DateReader:
    """Reads date columns of one file, remembering what it has read."""

    def __init__(self, formats: tuple[DateFormat, ...]) -> None:
        self._formats = formats
        self._known: dict[str, Moment] = {}

    def first_days(self, column: StringColumn) -> DateCells:
        """The dates as they are. CellFault `not-a-date`."""
        return self._read(column, lambda moment: moment.day)

    def last_days(self, column: StringColumn, *, exclusive: bool) -> DateCells:
        """The last days: for an exclusive end the day before, unless it has a time of day."""
        if not exclusive:
            return self.first_days(column)
        return self._read(column, lambda moment: moment.day if moment.timed else moment.day - timedelta(days=1))

    def _read(self, column: StringColumn, day_of: Callable[[Moment], date]) -> DateCells:
        only = constant(column)
        if only is not None:
            moment = self._moment(only, 0)
            day = day_of(moment)
            count = len(column)
            return DateCells(
                day.isoformat(),
                pa.repeat(pa.scalar(day, pa.date32()), count),
                pa.repeat(pa.scalar(moment.timed), count) if moment.timed else None,
            )
        different, which = by_value(column)
        moments = [
            self._known.get(text) or self._moment(text, pc.index(which, pa.scalar(code, which.type)).as_py())
            for code, text in enumerate(different)
        ]
        days = [day_of(moment) for moment in moments]
        timed = [moment.timed for moment in moments]
        return DateCells(
            pa.array([day.isoformat() for day in days], pa.string()).take(which),
            pa.array(days, pa.date32()).take(which),
            pa.array(timed, pa.bool_()).take(which) if any(timed) else None,
        )

    def _moment(self, text: str, row: int) -> Moment:
        try:
            moment = read_moment(text, self._formats)
        except ValueError as error:
            raise CellFault("not-a-date", row, text, str(error)) from error
        if len(self._known) < _REMEMBERED:
            self._known[text] = moment
        return moment
