"""The port to usage that needs a destination, found from the feed."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class DueOffer:
    """An offer with lines that nothing holds; `customer` by code."""

    offer: UUID
    provider_invoice: UUID
    customer: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of an offer: all of it has a destination, or the rest waits for an invoice, or nothing can take it.

    `again`: something was quicker, decide once more.
    """

    state: Literal["done", "waiting", "unrouted", "again"]
    waits_for: UUID | None = None
    reason: str | None = None


@dataclass(slots=True)
class Claim:
    """Offers of one provider invoice in the hands of this worker; those without a verdict stay due."""

    offers: Sequence[DueOffer]
    verdicts: dict[UUID, Verdict] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unplaced:
    """An offer whose free lines wait or can't be routed."""

    offer: UUID
    provider_invoice: UUID
    customer: str
    state: Literal["waiting", "unrouted", "due"]
    """`due`: it is being decided again."""
    waits_for: UUID | None
    reason: str | None
    since: datetime


class UsageDue(Protocol):
    """Which offers need a destination."""

    async def gather(self, now: datetime) -> int:
        """Take up what the feed brought since the last time; how many offers became due."""
        ...

    def claim(self, limit: int, now: datetime) -> AbstractAsyncContextManager[Claim]:
        """Offers of one provider invoice that are due; their verdicts count when the block ends without an error."""
        ...

    async def again(self, *, customer: str | None, provider_invoice: UUID | None, now: datetime) -> int:
        """Make what waits or could not be routed due again; how many offers."""
        ...

    async def of_customers(self, customers: Sequence[str]) -> Sequence[DueOffer]:
        """Offers of these customers with lines that nothing holds, whether they wait or are due."""
        ...

    async def unplaced(self, provider_invoice: UUID) -> Sequence[Unplaced]:
        """What waits or can't be routed of a provider invoice."""
        ...
