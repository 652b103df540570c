"""The port to lines from before their customers' `bill_from`, a part of the line store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from commands.ports.event_store import Rows


@dataclass(frozen=True, slots=True)
class EarlyLines:
    """Lines of one customer that were before its `bill_from`, and are not before the present one.

    `since` is the present day, `until` the one that counted so far; days, cost and digest are those of the lines.
    """

    resolution: int
    customer: str
    since: date
    until: date
    numbers: Sequence[int]
    cost: Decimal
    digest: str
    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True)
class IncludeLines(Rows):
    """Rows of a save: these lines belong to this offer."""

    offer: UUID
    early: EarlyLines


class EarlyLineStore(Protocol):
    """Lines that an earlier `bill_from` brings in. Saves write through `IncludeLines`."""

    async def early(self, bill_from: Mapping[str, date]) -> Mapping[tuple[UUID, int], Mapping[str, tuple[date, date]]]:
        """Where customers may have lines that were before their `bill_from` and are not before this one.

        (Provider invoice, attempt) -> customer -> (this day, the day that counted so far).
        """
        ...

    async def early_lines(
        self, resolution: int, populations: Sequence[int], days: Mapping[str, tuple[date, date]]
    ) -> Sequence[EarlyLines]:
        """Those lines, by customer; customers that have none are left out."""
        ...
