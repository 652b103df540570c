"""The port to what bulk operations are about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from commands.ports.event_store import Rows


@dataclass(frozen=True, slots=True)
class PutTargets(Rows):
    """Rows of a save: what the operation that begins with it is about, in this order; twice is once.

    `asked` is plain JSON for each target, or empty: None asks for what the operation's input says of all.
    """

    operation: UUID
    targets: Sequence[UUID]
    asked: Sequence[Mapping[str, Any] | None] = ()


@dataclass(frozen=True, slots=True)
class BulkTarget:
    """A target, its place in the order (from 1), and what is asked of it alone."""

    place: int
    target: UUID
    asked: Mapping[str, Any] | None


class BulkTargets(Protocol):
    """The targets of bulk operations, evaluated once when they were asked for."""

    async def remaining(self, operation: UUID, limit: int) -> Sequence[UUID]:
        """Targets without a result yet, in order."""
        ...

    async def page(self, operation: UUID, *, after: int, limit: int) -> Sequence[BulkTarget]:
        """Targets without a result yet after a place, in order, with what is asked of each."""
        ...

    async def without_result(self, operation: UUID, targets: Sequence[UUID]) -> frozenset[UUID]:
        """Those of some targets that have no result by now."""
        ...

    async def count(self, operation: UUID) -> int:
        """How many there are in all."""
        ...
