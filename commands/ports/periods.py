"""The port to the billing periods that customers have invoices for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

from commands.ports.event_store import Rows


@dataclass(frozen=True, slots=True)
class Period:
    """A billing period from its first to its last day, and the periodical invoice that there is for it."""

    customer: str
    period_from: date
    period_to: date
    invoice: UUID


@dataclass(frozen=True, slots=True)
class AddPeriods(Rows):
    """Rows of a save: periods whose invoices begin in it. One that is there already makes the save a Conflict."""

    periods: Sequence[Period]


class Periods(Protocol):
    """Which periodical invoices there are: never behind a command that was answered."""

    async def billed_since(self, position: int, limit: int) -> Sequence[tuple[int, str]]:
        """Customers with a `bill_from` whose data changed after a position: (position, code), in that order."""
        ...

    async def of(self, customers: Sequence[str]) -> Mapping[str, Sequence[Period]]:
        """Customer code -> its periods from the earliest on; customers without any are left out."""
        ...
