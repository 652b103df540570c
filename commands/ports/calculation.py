"""The ports of calculating customer invoices: what their purchases add up to, and which of them are due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

from commands.ports.reference import PricingInputs
from domain.pricing.purchases import PurchaseGroup
from domain.usage_offer.ranges import Ranges


@dataclass(frozen=True, slots=True)
class OfferedPart:
    """Lines of one usage offer that an invoice holds; `ranges` speak of the offer's own lines only.

    `name` is the provider and its invoice's number, for messages. `cost_date` is the provider invoice's date, None
    where the costs are in the invoice's currency.
    """

    offer: UUID
    provider_invoice: UUID
    attempt: int
    ranges: Ranges
    lines: int
    name: str
    currency: str
    cost_date: date | None = None


@dataclass(frozen=True, slots=True)
class PostedPart:
    """A batch of posted purchases that an invoice holds; `removed` are sequence numbers that left it since.

    `entering`: those of a batch that is about to be stored, in the transaction that its calculation is stored in.
    """

    batch: UUID
    removed: Ranges = ()
    entering: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """What one invoice holds, to be added up.

    A purchase is late when its date lies outside the invoice's period; on an ad hoc invoice none is (`late` False).
    """

    customer: str
    currency: str
    period_from: date
    period_to: date
    late: bool
    offered: Sequence[OfferedPart] = ()
    posted: Sequence[PostedPart] = ()


MAX_NAMED = 1000
"""Ranges of lines, or purchases, that one group names."""


class PastReference(Protocol):
    """Reference data as it was."""

    async def pricing_inputs_at(self, position: int, customers: Sequence[str]) -> PricingInputs:
        """All that prices were made of as of a position, with these customers."""
        ...

    async def calculated_invoices(self, after: UUID, limit: int) -> Sequence[UUID]:
        """Invoices that were calculated, in order of their ids, above one."""
        ...


class PurchaseSums(Protocol):
    """Purchases of many invoices at once, added up as far as it makes no difference to their prices."""

    async def sums(
        self, held: Sequence[Held], boundaries: Sequence[date], *, rows: bool = False
    ) -> Sequence[Sequence[PurchaseGroup]]:
        """Groups of each invoice, in the order asked; no boundary lies inside one.

        Their `sources` name one purchase of each. With `rows` they name all: `offer UUID ATTEMPT FIRST-LAST,...` and
        `purchases UUID,...`, the first MAX_NAMED of each.
        """
        ...


@dataclass(frozen=True, slots=True)
class Due:
    """An invoice that a worker may calculate now; `recheck`: only reference data changed since it was calculated."""

    invoice: UUID
    position: int
    cause: str
    recheck: bool


@dataclass(frozen=True, slots=True)
class Settled:
    """It was calculated (or did not have to be) as of `due`. `inputs`: what its prices depend on; None: as before.

    `seen` is the position of the reference data that it was calculated with: of a later change nobody could know that
    it touches the invoice, before `inputs` were there.
    """

    due: Due
    inputs: Sequence[str] | None = None
    seen: int = 0


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: how long nothing must have changed, how long it is put off at most, how long a worker may take."""

    pause: float = 1.0
    longest: float = 30.0
    lease: float = 120.0


class CalculationsDue(Protocol):
    """Which invoices are to be calculated: found from the feed, each given to one worker at a time."""

    async def note(self) -> int:
        """Read the feed on; how many invoices became due. Any number of workers may."""
        ...

    async def claim(self, limit: int, patience: Patience) -> Sequence[Due]:
        """Take those that are due the longest."""
        ...

    async def settle(self, settled: Sequence[Settled], given_back: Sequence[Due] = ()) -> None:
        """Forget those that were settled, unless they changed again; let others be taken again at once."""
        ...
