"""Lines of one offer by their numbers: which they are, what they cost."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from commands.ports.line_store import Batch
from commands.provider_invoice.desk import InvoiceDesk, Loaded
from domain.rejected import Rejected
from domain.usage_offer.events import LineRange
from domain.usage_offer.ranges import Ranges, among, minus, of_chosen
from domain.usage_offer.state import UsageOffer

MAX_RANGES: Final = 5_000
"""Of one batch: lines that lie between those of other destinations make a range each, and an event has its limit."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Lines of an offer: as ranges, and their count, cost and digest."""

    ranges: Ranges
    batch: Batch

    @property
    def lines(self) -> int:
        """How many."""
        return len(self.batch.numbers)


@dataclass(frozen=True, slots=True)
class OfferedLines:
    """All billable lines of one offer, as the activation fixed them."""

    desk: InvoiceDesk
    loaded: Loaded
    numbers: Sequence[int]

    @classmethod
    async def load(cls, desk: InvoiceDesk, loaded: Loaded, offer: UsageOffer) -> "OfferedLines":
        """The lines of an offer of the invoice's present attempt."""
        resolution = await desk.lines.resolution_of(loaded.id, offer.attempt)
        if resolution is None:
            raise Rejected("not-active", f"Attempt {offer.attempt} of {loaded.state.number} was never activated.")
        return cls(desk, loaded, await desk.lines.offered_numbers(resolution, offer.key))

    async def choose(self, numbers: Iterable[int]) -> Chosen:
        """These lines, with what they cost."""
        chosen = sorted(numbers)
        batch = await self.desk.lines.batch(self.loaded.state.populations, chosen)
        return Chosen(of_chosen(self.numbers, chosen), batch)

    def fitting(self, numbers: Sequence[int]) -> Sequence[int]:
        """The first ones of these sorted numbers that one event can name."""
        ranges = of_chosen(self.numbers, numbers)
        return numbers if len(ranges) <= MAX_RANGES else among(numbers, ranges[:MAX_RANGES])

    async def parts(self, ranges: Iterable[LineRange]) -> AsyncIterator[Chosen]:
        """The lines that these ranges cover, in parts that one event can name."""
        numbers: Sequence[int] = among(self.numbers, ranges)
        while numbers:
            chosen = await self.choose(self.fitting(numbers))
            yield chosen
            numbers = numbers[chosen.lines :]

    async def within(self, ranges: Iterable[LineRange]) -> Chosen:
        """The lines that these ranges cover."""
        return await self.choose(among(self.numbers, ranges))

    def free(self, offer: UsageOffer, limit: int) -> list[int]:
        """The first lines that nothing holds, in order of number."""
        if not self.numbers:
            return []
        everything = (LineRange(first=self.numbers[0], last=self.numbers[-1]),)
        return among(self.numbers, minus(everything, offer.held))[:limit]
