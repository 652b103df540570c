"""The port to where purchases are, as their places say: what invoices say is compared with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple, Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class PlacedBatch:
    """Posted purchases on one invoice with one batch; `cost` adds up those that are known."""

    invoice: UUID
    batch: UUID | None
    lines: int
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Lost:
    """A posted purchase that is nowhere."""

    customer: str
    key: str
    state: str
    destination: UUID | None


class Places(Protocol):
    """Set by set: never all in memory."""

    async def invoice_count(self) -> int:
        """How many customer invoices there are."""
        ...

    async def invoices(self, after: UUID, limit: int) -> Sequence[UUID]:
        """Customer invoices in order of their ids, above one."""
        ...

    async def placed(self, invoices: Sequence[UUID]) -> Sequence[PlacedBatch]:
        """What purchases' places say is on these invoices."""
        ...

    async def lost(self, limit: int) -> tuple[Sequence[Lost], int]:
        """Some purchases that are nowhere, and how many there are in all."""
        ...


class KeptTransaction(NamedTuple):
    """A transaction of a contract as billing finds it; `number`: it is the nth of its line and year."""

    contract: UUID
    line: str
    year: int
    number: int
    id: str
    day: date
    kind: str
    quantity: Decimal
    price: Decimal
    cost: Decimal | None
    customer: str | None
    ready: bool
    cancelled: bool


class TakenRun(NamedTuple):
    """Transactions by their numbers, first and last included, that invoices have."""

    contract: UUID
    line: str
    year: int
    first: int
    last: int


class KeptContracts(Protocol):
    """What is kept of contracts beside their streams; set by set."""

    async def contracts(self, after: UUID, limit: int) -> Sequence[UUID]:
        """Contracts in order of their ids, above one."""
        ...

    async def transactions(self, contracts: Sequence[UUID]) -> Sequence[KeptTransaction]:
        """Their kept transactions."""
        ...

    async def taken(self, contracts: Sequence[UUID]) -> Sequence[TakenRun]:
        """What of them is kept as taken."""
        ...
