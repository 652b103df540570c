"""The port to what billing needs of contracts beside their streams: when they are due next, and their transactions.

Rows of both are written in the saves of their facts, and can be made again from them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from commands.ports.event_store import Rows
from domain.billing_contract.entry_events import TransactionsTaken
from domain.billing_contract.line_items import TransactionSum
from domain.billing_contract.time_and_material import TransactionClass


@dataclass(frozen=True, slots=True)
class ContractDue:
    """When a contract is due next (None: nothing is left to bill). Whatever bills it, gives back or changes it raises
    `version`, so that no two of them decide on the same state; 0: there is no row yet.
    """

    contract: UUID
    number: str
    zone: str
    next_run: date | None
    version: int


@dataclass(frozen=True, slots=True)
class KeepDue(Rows):
    """Rows of a save: contracts are due then; each `version` is the one that was seen. Conflict when one has moved."""

    contracts: Sequence[ContractDue]


@dataclass(frozen=True, slots=True)
class NewTransaction:
    """A transaction as it is recorded; `number`: it is the nth of its line and year, from 1."""

    line: str
    year: int
    number: int
    id: str
    day: date
    kind: TransactionClass
    quantity: Decimal
    price: Decimal
    cost: Decimal | None
    customer: str | None
    ready: bool


@dataclass(frozen=True, slots=True)
class PutTransactions(Rows):
    """Rows of a save: new transactions of a contract."""

    contract: UUID
    transactions: Sequence[NewTransaction]


@dataclass(frozen=True, slots=True)
class SetTransaction(Rows):
    """Rows of a save: a transaction is ready or not, or cancelled. Conflict when an invoice has taken it."""

    contract: UUID
    line: str
    id: str
    ready: bool | None = None
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class TakeTransactions(Rows):
    """Rows of a save: these are taken by invoices (or, with `back`, free again), by contract. Conflict when they are
    not as they were seen.
    """

    taken: Sequence[tuple[UUID, TransactionsTaken]]
    back: bool = False


@dataclass(frozen=True, slots=True)
class WantedSum:
    """Transactions of a line that may be taken: ready, of these classes, dated up to `upto` (None: of any day)."""

    contract: UUID
    line: str
    classes: Sequence[TransactionClass]
    upto: date | None


@dataclass(frozen=True, slots=True)
class TakenTransaction:
    """A transaction as an invoice shows it."""

    id: str
    day: date
    kind: TransactionClass
    quantity: Decimal
    price: Decimal
    cost: Decimal | None
    customer: str | None
    line: str


class ContractLedger(Protocol):
    """Reads of the rows."""

    async def sums_of(self, contract: UUID, taken: Sequence[TransactionsTaken]) -> Sequence[TransactionSum]:
        """What these come to, one sum for each of them, in their order."""
        ...

    async def due(self, contracts: Sequence[UUID]) -> Mapping[UUID, ContractDue]:
        """Their rows; those that have none are left out."""
        ...

    async def sums(self, wanted: Sequence[WantedSum]) -> Mapping[tuple[UUID, str], Sequence[TransactionSum]]:
        """(contract, line) -> sums of what may be taken, by customer; lines without any are left out."""
        ...

    async def taken(self, contract: UUID, line: str) -> frozenset[str]:
        """Ids of the line's transactions that invoices have taken."""
        ...

    async def within(self, contract: UUID, taken: Sequence[TransactionsTaken]) -> Sequence[TakenTransaction]:
        """The transactions of these ranges, in order of day and id."""
        ...

    async def free(self, wanted: WantedSum, limit: int) -> Sequence[TakenTransaction]:
        """Those that may be taken, in order of day and id."""
        ...
