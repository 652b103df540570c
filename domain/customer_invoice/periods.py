"""Billing periods: counted from the first day of the month of `bill_from`, without a gap or an overlap."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from domain.reference.bodies import BillingPeriod

_MONTHS: Final[dict[BillingPeriod, int]] = {"monthly": 1, "quarterly": 3, "half-yearly": 6, "yearly": 12}
MAX_PERIODS: Final = 1200
"""Of one customer at once: a hundred years of months. A `bill_from` further back is a slip of the pen."""
LAST_DAY: Final = date(2999, 12, 31)
"""Nothing is billed for a later one: the calendar ends a few thousand years on, a slip of the pen soon after."""


@dataclass(frozen=True, slots=True)
class Span:
    """A period from its first to its last day, both included."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


def following(first: date, length: BillingPeriod) -> date:
    """The first day of the period after the one that begins on `first`.

    Months are those of the calendar: one that begins in mid-month, as the first after weeks may, ends with it.
    """
    months = _MONTHS.get(length)
    if months is None:
        return first + timedelta(days=7)
    return _months_on(first, months)


def spans(start: date, length: BillingPeriod) -> Iterator[Span]:
    """Periods from `start` on, as long as they begin by LAST_DAY."""
    while start <= LAST_DAY:
        after = following(start, length)
        yield Span(start, after - timedelta(days=1))
        start = after


def missing(bill_from: date, length: BillingPeriod, existing: Sequence[Span], today: date) -> list[Span]:
    """Periods that have begun by `today` and are not there yet, at most MAX_PERIODS.

    Those after the last existing one have today's length (a change of it takes effect there). When `bill_from` was
    moved back, those before the first existing one end where it begins.
    """
    begin = bill_from.replace(day=1)
    found: list[Span] = []
    if existing:
        found += _until(begin, length, existing[0].first)
        begin = existing[-1].last + timedelta(days=1)
    for span in spans(begin, length):
        if span.first > today or len(found) >= MAX_PERIODS:
            break
        found.append(span)
    return found


def period_of(day: date, bill_from: date, length: BillingPeriod, existing: Sequence[Span]) -> Span | None:
    """The period that a day belongs to, whether its invoice is there or still to come; None before `bill_from`.

    ValueError for one after LAST_DAY.
    """
    if day < bill_from:
        return None
    if day > LAST_DAY:
        raise ValueError(f"no period is as late as {day}")
    for span in existing:
        if day in span:
            return span
    begin = bill_from.replace(day=1)
    if existing:
        for span in _until(begin, length, existing[0].first):
            if day in span:
                return span
        begin = existing[-1].last + timedelta(days=1)
    return next(span for span in spans(_near(begin, length, day), length) if day <= span.last)


def _near(begin: date, length: BillingPeriod, day: date) -> date:
    """Where a period begins, not long before a day: those until then need not be counted one by one."""
    months = _MONTHS.get(length)
    if months is None:
        return begin + timedelta(days=(day - begin).days // 7 * 7)
    gone = ((day.year - begin.year) * 12 + day.month - begin.month) // months * months
    return begin if gone <= 0 else _months_on(begin, gone)


def _months_on(first: date, months: int) -> date:
    month = first.month - 1 + months
    return date(first.year + month // 12, month % 12 + 1, 1)


def _until(begin: date, length: BillingPeriod, end: date) -> list[Span]:
    found: list[Span] = []
    for span in spans(begin, length):
        if span.first >= end or len(found) >= MAX_PERIODS:
            return found
        found.append(Span(span.first, min(span.last, end - timedelta(days=1))))
    return found
