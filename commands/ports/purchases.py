"""The port to the purchase store: what was posted, append-only, and where each purchase is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, Protocol
from uuid import UUID

from commands.ports.event_store import Rows

PlaceState = Literal["waiting", "invoiced", "held", "unrouted", "excluded", "cancelled"]
"""`waiting`: its invoice is decided, and has not taken it in yet (it does so when it is calculated, or when it is no
longer locked). `held`: nobody knows its ad hoc reference yet. `unrouted`: no invoice can take it; a problem.
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
class Waiting:
    """What waits for one invoice, at most 10,000 rows of it, summed by the currency of its costs.

    Rows without a cost are summed with those in the invoice's currency. `digest`: SHA-256 (hex) over `id,digest` rows
    in order of seq.
    """

    invoice: UUID
    currency: str | None
    seqs: Sequence[int]
    cost: Decimal
    without_cost: int
    digest: str


@dataclass(frozen=True, slots=True)
class TakeIn(Rows):
    """Rows of a save: these waiting purchases are on the invoice, in this batch. Any not waiting for it: Conflict."""

    invoice: UUID
    batch: UUID
    seqs: Sequence[int]


@dataclass(frozen=True, slots=True)
class Replace(Rows):
    """Rows of a save: purchases get another place. Any that is not in `state` for `destination` now: Conflict."""

    seqs: Sequence[int]
    state: PlaceState
    destination: UUID | None
    to: Place


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

    async def destinations_waited_for(self, limit: int) -> Sequence[UUID]:
        """Invoices that purchases wait for, those waited for longest first."""
        ...

    async def waiting(self, invoices: Sequence[UUID]) -> Sequence[Waiting]:
        """What waits for these invoices, one row an invoice and currency of cost."""
        ...

    async def replace(self, change: Replace) -> None:
        """The same as the row of a save, for changes that need no event. Raises Conflict."""
        ...
