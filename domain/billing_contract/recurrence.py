"""Run dates of a line: an RFC 5545 recurrence rule whose DTSTART is the line's first run.

Weeks start on Monday, at most one run a day. A rule or line with an end may have MAX_DATES dates; one without is
counted out only as far as it is asked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import dropwhile, islice, takewhile
from typing import Final

from domain.billing_contract.cycles import LATEST, checked_day
from domain.billing_contract.recurrence_rule import Rule
from domain.billing_contract.recurrence_text import parse
from domain.rejected import Rejected

MAX_DATES: Final = 10_000
"""A rule with an end that yields more is refused."""


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A checked rule, in normal form, and its first date. Make it with `recurrence`."""

    rule: str
    first_run: date


def recurrence(rule: str, *, begins: date, first_run: date | None = None, ends: date | None = None) -> Recurrence:
    """A rule such as `FREQ=MONTHLY;BYDAY=3WE` for a line from `begins` to the day before `ends`.

    Without `first_run` it is the first date from `begins` on that the rule yields with INTERVAL=1. Rejected
    `recurrence-invalid`, `recurrence-too-frequent`, `recurrence-too-many-dates`, `recurrence-empty`,
    `first-run-not-in-rule`, `first-run-before-start`, `date-out-of-range`.
    """
    parsed = parse(rule)
    if first_run is None:
        first_run = _first_from(parsed, checked_day(begins))
    elif checked_day(first_run) < begins:
        raise Rejected(
            "first-run-before-start",
            f"The first run {first_run} is before the line's start {begins}: give a later one, or none.",
            kind="invalid",
        )
    elif not _yields(parsed, first_run):
        near = next(_unbounded(parsed, first_run), None)
        hint = "it yields none from there on" if near is None else f"the next one it yields is {near}"
        raise Rejected(
            "first-run-not-in-rule",
            f"{first_run} is no date of {parsed}: {hint}. Give a date that the rule yields, or none.",
            kind="invalid",
        )
    found = Recurrence(str(parsed), first_run)
    _check_count(parsed, found, ends)
    return found


def run_dates(of: Recurrence, first: date, last: date = LATEST) -> Iterator[date]:
    """Dates that it yields between two days, both included, in order; lazy, and at once at `first`.

    A rule with COUNT is counted from its first date, of which there are at most MAX_DATES.
    """
    rule = parse(of.rule)
    end = last if rule.until is None else min(last, rule.until)
    if rule.count is None:
        found = rule.dates(of.first_run, first)
    else:
        found = dropwhile(lambda day: day < first, islice(rule.dates(of.first_run), rule.count))
    return takewhile(lambda day: day <= end, found)


def _unbounded(rule: Rule, day: date) -> Iterator[date]:
    """Dates from a day on, as if each were DTSTART's and INTERVAL were 1."""
    every = Rule(rule.freq, 1, None, None, rule.by, rule.days)
    end = rule.until or LATEST
    return takewhile(lambda one: one <= end, every.dates(day))


def _first_from(rule: Rule, begins: date) -> date:
    found = next(_unbounded(rule, begins), None)
    if found is None:
        raise Rejected(
            "recurrence-empty",
            f"{rule} yields no date from the line's start {begins} on: change its UNTIL, or name the "
            "day with BYDAY or BYMONTHDAY.",
            kind="invalid",
        )
    return found


def _yields(rule: Rule, day: date) -> bool:
    return next(_unbounded(rule, day), None) == day


def _check_count(rule: Rule, found: Recurrence, ends: date | None) -> None:
    last = LATEST if ends is None else ends - timedelta(days=1)
    has_end = ends is not None or rule.until is not None
    too_many = rule.count is not None and rule.count > MAX_DATES
    if too_many or (has_end and next(islice(run_dates(found, found.first_run, last), MAX_DATES, None), None)):
        raise Rejected(
            "recurrence-too-many-dates",
            f"{rule} yields more than {MAX_DATES} dates: end it earlier or let it come less often.",
            kind="invalid",
        )
