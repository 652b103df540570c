"""The port to the lines of usage offers as routing needs them: their numbers and days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol


@dataclass(frozen=True, slots=True)
class OfferSpan:
    """The billable lines of an offer: the first and last number and day."""

    first: int
    last: int
    lines: int
    first_day: date
    last_day: date


class OfferLines(Protocol):
    """What an activation fixed about the lines of its offers."""

    async def spans(
        self, resolution: int, populations: Sequence[int], customers: Sequence[str]
    ) -> Mapping[str, OfferSpan]:
        """Customer code -> where its billable lines lie; customers without any are left out."""
        ...

    async def days(self, resolution: int, populations: Sequence[int], customer: str) -> Sequence[tuple[int, date]]:
        """Number and first day of each billable line of a customer, by number."""
        ...
