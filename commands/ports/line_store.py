"""The port to the line store: lines of provider invoices, append-only, and what activation fixed about them.

A *population* is one part (file, upload, difference) as it was read once. A *resolution* is one run of the references
check over an attempt: what each reference meant then. The one that an attempt was activated with is kept for good.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from commands.ports.early_lines import EarlyLineStore
from commands.ports.event_store import Rows
from commands.ports.line_outline import Outline
from domain.money import add
from domain.provider_invoice.conclude import Unresolved
from domain.provider_invoice.events import CustomerTotals
from domain.provider_invoice.populate import ChunkStored
from domain.usage_offer.events import ExcludedLines


@dataclass(frozen=True, slots=True)
class Population:
    """What a population is made for. The names say which attribute of a line is a display name."""

    provider_invoice: UUID
    attempt: int
    part: str
    customer_name: str | None = None
    product_name: str | None = None


@dataclass(frozen=True, slots=True)
class CopyLines(Rows):
    """Rows of a save: canonical rows (COPY_COLUMNS), each led by `population,`; outlines as far as they are made."""

    population: int
    content: Sequence[bytes]
    outlines: Sequence[Outline] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of errors.csv or warnings.csv: one missing or odd thing, and how much hangs on it."""

    kind: str
    reference: str
    name: str | None
    lines: int
    first_lines: tuple[int, ...]
    amount: Decimal
    hint: str


@dataclass(frozen=True, slots=True)
class PutFindings(Rows):
    """Rows of a save: what an attempt's errors.csv lists from now on, in this order."""

    provider_invoice: UUID
    attempt: int
    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class PutWarnings(Rows):
    """Rows of a save: what was odd about the lines of a part as it was read."""

    population: int
    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class UseResolution(Rows):
    """Rows of a save: the resolution that an attempt is activated with, for good."""

    provider_invoice: UUID
    attempt: int
    resolution: int


@dataclass(frozen=True, slots=True)
class ResolutionRequest:
    """What to resolve: the populations of an attempt, by a provider's identifiers, as of each line's date."""

    provider: str
    provider_invoice: UUID
    attempt: int
    populations: Sequence[int]
    unassigned_customer: str | None
    pass_on: Sequence[str]
    at: datetime
    lines: int = 0
    """How many lines there are: what the work is cut by."""


@dataclass(frozen=True, slots=True)
class Missing:
    """The check failed: what is missing, once each, sorted by absolute amount."""

    summary: Unresolved
    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class Offer:
    """What a customer's offer says: what can be billed on, its digest, and what can't, by reason."""

    customer: str
    lines: int
    cost: Decimal
    digest: str
    excluded: tuple[ExcludedLines, ...]

    @property
    def totals(self) -> CustomerTotals:
        """All lines of the customer beside those offered."""
        return CustomerTotals(
            customer=self.customer,
            lines=self.lines + sum(e.lines for e in self.excluded),
            cost=add(self.cost, *(e.cost for e in self.excluded)),
            offered_lines=self.lines,
            offered_cost=self.cost,
        )


@dataclass(frozen=True, slots=True)
class Tallied:
    """A complete resolution: one offer a customer, by code; what no customer has; the digest of the resolution."""

    offers: Sequence[Offer]
    excluded_rows: int
    excluded_cost: Decimal
    digest: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines of one offer: their numbers in order, their cost, and SHA-256 (hex) over their `number,cost` rows."""

    numbers: Sequence[int]
    cost: Decimal
    digest: str


@dataclass(frozen=True, slots=True)
class Line:
    """One stored line. `customer` to `excluded` as fixed by the activation; `included`: the offer that has it since."""

    population: int
    number: int
    kind: str
    charge: str
    customer_ref: str | None
    product_ref: str | None
    subscription_ref: str | None
    charge_from: date
    charge_to: date
    quantity: Decimal | None
    unit: str | None
    unit_price: Decimal | None
    amount: Decimal
    tax: Decimal | None
    currency: str
    attributes: str | None
    customer: str | None = None
    product: str | None = None
    excluded: str | None = None
    included: UUID | None = None


@dataclass(frozen=True, slots=True)
class LineQuery:
    """Which lines: of these populations, as this resolution sees them (None: not activated), above a number.

    `held` and `not_held`: numbers of offers (`UsageOffer.key`, first, last). `billable`: what can be billed on, or not.
    """

    populations: Sequence[int]
    resolution: int | None = None
    after: int = 0
    limit: int = 25
    numbers: tuple[int, int] | None = None
    billable: bool | None = None
    held: Sequence[tuple[str, int, int]] | None = None
    not_held: Sequence[tuple[str, int, int]] = ()


@dataclass(frozen=True, slots=True)
class ChunkAt:
    """Where a chunk of a population lies."""

    population: int
    first_line: int
    last_line: int


@dataclass(frozen=True, slots=True)
class DifferenceRequest:
    """New minus old, as a population of its own: numbers begin above `base`."""

    into: Population
    new: Sequence[int]
    old: Sequence[int]
    base: int
    adjusts_number: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CustomerCost:
    """One side of the leak check: all that an attempt's lines cost a customer ('' for those of none)."""

    customer: str
    lines: int
    cost: Decimal
    by_state: Mapping[str, Decimal] = field(default_factory=dict)


class LineStore(EarlyLineStore, Protocol):
    """Lines on a durable store. Saves write through `CopyLines`, `PutFindings` and `UseResolution`."""

    async def open_population(self, population: Population, at: datetime) -> int:
        """Begin a population; it counts once an event names it."""
        ...

    async def copy_lines(self, lines: CopyLines) -> None:
        """Store lines ahead of the event that will name them, as an upload streams in."""
        ...

    async def begin_resolution(self, request: ResolutionRequest) -> tuple[int, Missing | None]:
        """Find out what every reference of the attempt means now; the resolution, and what is missing, if anything."""
        ...

    async def customers_of(self, resolution: int) -> Sequence[str]:
        """Customers (codes) that the resolution resolves to."""
        ...

    async def finish_resolution(self, resolution: int, bill_from: Mapping[str, date]) -> Tallied:
        """Fix from when on customers are billed, and add up what each has."""
        ...

    async def resolution_of(self, provider_invoice: UUID, attempt: int) -> int | None:
        """The resolution that an attempt was activated with."""
        ...

    async def offered_numbers(self, resolution: int, key: str) -> Sequence[int]:
        """Numbers of the lines of an offer (by `UsageOffer.key`), in order."""
        ...

    async def batch(self, populations: Sequence[int], numbers: Sequence[int]) -> Batch:
        """Cost and digest of lines."""
        ...

    async def lines(self, query: LineQuery) -> Sequence[Line]:
        """Lines in order of their numbers."""
        ...

    async def count(self, query: LineQuery) -> int:
        """How many lines the query would give without a limit."""
        ...

    def canonical(self, chunk: ChunkAt) -> AsyncIterator[bytes]:
        """The canonical rows of a chunk: the bytes that its digest is over."""
        ...

    async def make_difference(self, request: DifferenceRequest) -> Sequence[ChunkStored]:
        """Store new minus old per customer, product, subscription, charge date, kind, charge and unit."""
        ...

    async def findings(self, provider_invoice: UUID, attempt: int) -> Sequence[Finding]:
        """What the attempt's last try found missing."""
        ...

    async def warnings(self, populations: Sequence[int]) -> Sequence[Finding]:
        """What was odd about the lines of parts as they were read."""
        ...

    async def odd_lines(self, populations: Sequence[int]) -> Sequence[Finding]:
        """Optional things that some lines have and others lack: a subscription, tags."""
        ...

    async def cost_by_customer(self, resolution: int, populations: Sequence[int]) -> Sequence[CustomerCost]:
        """What the lines themselves add up to, for the leak check: recomputed, not looked up."""
        ...

    async def populations_before(self, before: datetime) -> Mapping[int, UUID]:
        """Populations begun before an instant, with their invoices."""
        ...

    async def purge_resolutions(self, before: datetime) -> None:
        """Remove resolutions begun before an instant that no attempt was activated with."""
        ...

    async def purge(self, populations: Sequence[int]) -> int:
        """Remove populations that count nowhere; how many lines went."""
        ...
