"""Run dates of a line: an RFC 5545 recurrence rule whose DTSTART is the line's first run."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from domain.billing_contract.cycles import LATEST

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
    `first-run-not-in-rule`, `first-run-before-start`.
    """
    raise NotImplementedError


def run_dates(of: Recurrence, first: date, last: date = LATEST) -> Iterator[date]:
    """Dates that it yields between two days, both included, in order; lazy."""
    raise NotImplementedError
