"""The port to long work: an operation is a row, so is each of its items, and who works on it holds a lease."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from commands.ports.event_store import Rows

OperationStatus = Literal["queued", "running", "done", "failed", "cancelled"]
Unit = Literal["items", "lines"]
"""What `done` and `total` count: items, or the lines of the one import that the operation is."""


@dataclass(frozen=True, slots=True)
class Operation:
    """Long work as it stands. `key` is its natural key: while one with it is open, asking again gives that one.

    `total` is None until it is known. `message` says in a sentence how it ended. `tries` counts the workers that took
    it, `losses` those that were lost since something was done.
    """

    id: UUID
    kind: str
    key: str
    input: Mapping[str, Any]
    unit: Unit
    actor: str
    agent: str | None
    command_id: UUID
    correlation_id: str
    traceparent: str | None
    created_at: datetime
    status: OperationStatus = "queued"
    done: int = 0
    total: int | None = None
    cancel_requested: bool = False
    message: str | None = None
    tries: int = 0
    losses: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether there is still something to do."""
        return self.status in {"queued", "running"}


@dataclass(frozen=True, slots=True)
class Item:
    """What became of one item; a name has one result. `number` counts from 1 in the order in which they ended.

    `data` is plain JSON for machines, such as the invoices that were made.
    """

    name: str
    outcome: str
    detail: str | None = None
    href: str | None = None
    number: int = 0
    ended_at: datetime | None = None
    data: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """The right to work on an operation: its token changes with every worker that takes it."""

    operation: UUID
    token: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """An operation that this worker has taken."""

    operation: Operation
    hold: Hold


@dataclass(frozen=True, slots=True)
class NewOperation(Rows):
    """Rows of a save: the operation begins, queued. Conflict when one with its key is open already."""

    operation: Operation


@dataclass(frozen=True, slots=True)
class PutItem(Rows):
    """Rows of a save: the item ended with it. OperationLost unless the hold still holds."""

    hold: Hold
    item: Item
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class PutProgress(Rows):
    """Rows of a save: so many lines more. OperationLost unless the hold still holds."""

    hold: Hold
    lines: int


class OperationLost(Exception):
    """Another worker has taken the operation: whatever this one was about to do was not done."""

    def __init__(self, operation: UUID) -> None:
        super().__init__(f"operation {operation} was taken by another worker")
        self.operation = operation


@dataclass(frozen=True, slots=True)
class OperationFilter:
    """Which operations to list; empty: all."""

    kinds: Sequence[str] = ()
    statuses: Sequence[OperationStatus] = field(default=())


class Operations(Protocol):
    """Operations in one place for all processes. Leases are kept by the store's own clock."""

    async def get(self, operation: UUID) -> Operation | None:
        """One operation."""
        ...

    async def open_with(self, kind: str, key: str) -> Operation | None:
        """The open operation with a natural key."""
        ...

    async def items(self, operation: UUID, *, after: int = 0, limit: int = 1000) -> Sequence[Item]:
        """Its items above a number, in the order in which they ended."""
        ...

    async def item_counts(self, operation: UUID) -> Mapping[str, int]:
        """How many of its items ended, by outcome."""
        ...

    async def newest(self, which: OperationFilter, *, limit: int = 25) -> Sequence[Operation]:
        """Operations, the newest first."""
        ...

    async def claim(self, worker: str, kinds: Sequence[str], lease_seconds: float, now: datetime) -> Claimed | None:
        """Take the oldest operation of these kinds that waits, or whose worker is lost."""
        ...

    async def renew(self, hold: Hold, lease_seconds: float) -> bool:
        """Keep it, and the imports under it; whether it should be cancelled. OperationLost."""
        ...

    async def expect(self, hold: Hold, total: int | None) -> None:
        """State how much there is to do. OperationLost."""
        ...

    async def put_item(self, item: PutItem) -> None:
        """An item ended that made no events. OperationLost."""
        ...

    async def put_items(self, items: Sequence[PutItem]) -> None:
        """The same for many at once. OperationLost."""
        ...

    async def end(
        self, hold: Hold, status: Literal["done", "failed", "cancelled"], message: str | None, now: datetime
    ) -> None:
        """It is over. OperationLost."""
        ...

    async def give_back(self, hold: Hold, *, seconds: float = 0.0, message: str | None = None) -> None:
        """Let another worker go on, after so many seconds; nothing when it was lost already."""
        ...

    async def request_cancel(self, operation: UUID, now: datetime) -> Operation | None:
        """Ask for its end: one that waits ends at once, one that runs before its next step. None: there is none."""
        ...

    async def purge(self, before: datetime, *, limit: int = 100) -> int:
        """Forget operations that ended before, with their items' results, at most so many; how many were forgotten.

        What they did is in the record and stays there.
        """
        ...
