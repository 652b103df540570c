"""The port to licence lines of active provider invoices: what contracts' subscription lines cost us."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class LicencesOf:
    """Licences that a subscription line passes on in a cycle: those of these customers with its subscription, else its
    product, whose own days begin within the cycle (from `first` to `last`), so that none counts in two cycles.
    """

    key: str
    customers: Sequence[str]
    product: str | None
    subscription: str | None
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class LicenceCost:
    """What the licences of one provider invoice's attempt cost, exactly."""

    provider_invoice: UUID
    attempt: int
    currency: str
    cost: Decimal


class Licences(Protocol):
    """Found from the feed; can be made again from it and the line store."""

    async def gather(self) -> int:
        """Take up what the feed brought since the last time; how many provider invoices."""
        ...

    async def costs(self, wanted: Sequence[LicencesOf]) -> Mapping[str, Sequence[LicenceCost]]:
        """`key` -> what was bought, by provider invoice and currency; those for which nothing was are left out."""
        ...
