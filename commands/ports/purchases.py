"""The port to the purchase store: what was posted, append-only, and where each purchase is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, Protocol
from uuid import UUID

from commands.ports.event_store import Rows

PlaceState = Literal["arriving", "waiting", "invoiced", "held", "unrouted", "excluded", "cancelled"]
"""`arriving`: its invoice is decided and takes it in within seconds. `waiting`: behind a locked invoice, or for a time
still to come. `held`: nobody knows its ad hoc reference yet. `unrouted`: no invoice can take it; a problem.
"""
Outcome = Literal["accepted", "duplicate", "conflict"]


@dataclass(frozen=True, slots=True)
class Purchase:
    """A purchase as posted. `day` is its date in the customer's zone; `currency` that of the cost.

    `digest` is the SHA-256 (hex) over all that was posted of it: a repeat with the same digest is a duplicate, with
    another one a conflict.
    """

    id: UUID
    key: str
    customer: str
    product: str
    quantity: Decimal
    day: date
    occurred_at: datetime
    digest: str
    subscription: str | None = None
    unit: str | None = None
    cost: Decimal | None = None
    currency: str | None = None
    reference: str | None = None
    corrects: UUID | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a purchase is, decided on acceptance."""

    state: PlaceState
    destination: UUID | None = None
    reason: str | None = None
    reference_final: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """A purchase in the store, with its place."""

    seq: int
    purchase: Purchase
    place: Place
    batch: UUID | None
    accepted_at: datetime
    since: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """What is to be taken in by one invoice, at most 10,000 rows of it, by the currency of its costs.

    Rows without a cost have None. `digest`: SHA-256 (hex) over `id,digest` rows in order of seq; `first` is when the
    first of them came to the invoice's door.
    """

    invoice: UUID
    currency: str | None
    seqs: Sequence[int]
    cost: Decimal
    digest: str
    first: datetime


@dataclass(frozen=True, slots=True)
class TakeIn(Rows):
    """Rows of a save: these purchases are on the invoice, in this batch. Any that does not go to it now: Conflict."""

    invoice: UUID
    batch: UUID
    seqs: Sequence[int]


@dataclass(frozen=True, slots=True)
class WaitingAt:
    """Purchases of a customer that wait for a schedule entry: one batch, of one currency of costs (None: without)."""

    entry: UUID
    customer: str
    currency: str | None
    seqs: Sequence[int]
    cost: Decimal
    digest: str


@dataclass(frozen=True, slots=True)
class TakeFromEntry(Rows):
    """Rows of a save: purchases that waited for an entry are on an invoice, in this batch. Conflict: one did not."""

    entry: UUID
    invoice: UUID
    batch: UUID
    seqs: Sequence[int]


@dataclass(frozen=True, slots=True)
class HandOver(Rows):
    """Rows of a save: batches on one invoice are on another one, as they are. Batch -> how many rows of it are on an
    invoice; any other number: Conflict.
    """

    invoice: UUID
    to: UUID
    batches: Mapping[UUID, int]


@dataclass(frozen=True, slots=True)
class Move(Rows):
    """Rows of a save: purchases get another place. Any that is not at `at` for `destination` now: Conflict."""

    seqs: Sequence[int]
    at: PlaceState
    destination: UUID | None
    to: Place


@dataclass(frozen=True, slots=True)
class MoveAll(Rows):
    """Rows of a save: all purchases at a destination get another place, such as those of an invoice that is deleted."""

    destination: UUID
    at: PlaceState
    to: Place


@dataclass(frozen=True, slots=True)
class PurchaseQuery:
    """A search of purchases; None: not asked. Days include both ends."""

    customer: str | None = None
    product: str | None = None
    reference: str | None = None
    invoice: UUID | None = None
    states: Sequence[PlaceState] | None = None
    day_from: date | None = None
    day_to: date | None = None


@dataclass(frozen=True, slots=True)
class Door:
    """An invoice that purchases wait in front of, and how many of them."""

    invoice: UUID
    customer: str
    lines: int


class Purchases(Protocol):
    """Posted purchases. None is dropped, none is on two invoices."""

    async def accept(
        self, purchases: Sequence[tuple[Purchase, Place]], *, at: datetime, actor: str
    ) -> Sequence[Outcome]:
        """Store purchases that are not there yet, in one transaction; the outcomes are in their order."""
        ...

    async def find(self, ids: Sequence[UUID]) -> Mapping[UUID, Stored]:
        """Those that are there."""
        ...

    async def doors(self, limit: int) -> Sequence[Door]:
        """Invoices that purchases are arriving at."""
        ...

    async def arrived(self, invoices: Sequence[UUID], *, waiting: bool = False) -> Sequence[Arrived]:
        """What arrives at these invoices (with `waiting`: also what waits for them), by invoice and cost currency."""
        ...

    async def waiting_at(self, entries: Sequence[UUID]) -> Sequence[WaitingAt]:
        """What waits for these entries, in batches of at most 10,000."""
        ...

    async def shift(self, change: MoveAll) -> int:
        """The same as the row of a save, for changes that need no event; how many."""
        ...

    async def move(self, change: Move) -> None:
        """The same as the row of a save, for changes that need no event. Raises Conflict."""
        ...

    async def batches(self, batches: Sequence[UUID]) -> Mapping[UUID, tuple[int, str]]:
        """Batch -> how many rows ever were in it, and the SHA-256 (hex) over their `id,digest` rows in order."""
        ...

    async def nowhere(self, customers: Sequence[str]) -> Sequence[str]:
        """Of these customers, those with purchases that are `unrouted` or `excluded`."""
        ...

    async def page(self, query: PurchaseQuery, *, before: int | None, limit: int) -> Sequence[Stored]:
        """Newest first, those with a `seq` below `before`."""
        ...

    async def count(self, query: PurchaseQuery) -> int:
        """How many a search finds."""
        ...
