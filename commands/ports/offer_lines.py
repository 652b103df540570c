"""The port to the lines of usage offers as routing needs them: their numbers and days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, Protocol


@dataclass(frozen=True, slots=True)
class OfferSpan:
    """The billable lines of an offer: the first and last number and day."""

    first: int
    last: int
    lines: int
    first_day: date
    last_day: date


class OfferedLine(NamedTuple):
    """One line of an offer as a purchase: `day` is its first, `product` ours, `subscription` the provider's."""

    number: int
    day: date
    product: str
    subscription: str | None


class OfferLines(Protocol):
    """What an activation fixed about the lines of its offers."""

    async def spans(self, resolution: int, populations: Sequence[int], keys: Sequence[str]) -> Mapping[str, OfferSpan]:
        """`UsageOffer.key` -> where its lines lie; offers without any are left out."""
        ...

    async def days(self, resolution: int, populations: Sequence[int], key: str) -> Sequence[tuple[int, date]]:
        """Number and first day of each line of an offer, by number."""
        ...

    async def bought(self, resolution: int, populations: Sequence[int], key: str) -> Sequence[OfferedLine]:
        """Each line of an offer, by number, with what it is of."""
        ...
