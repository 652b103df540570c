"""The port to what bulk operations are about."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from commands.ports.event_store import Rows


@dataclass(frozen=True, slots=True)
class PutTargets(Rows):
    """Rows of a save: what the operation that begins with it is about, in this order; twice is once."""

    operation: UUID
    targets: Sequence[UUID]


class BulkTargets(Protocol):
    """The targets of bulk operations, evaluated once when they were asked for."""

    async def remaining(self, operation: UUID, limit: int) -> Sequence[UUID]:
        """Targets without a result yet, in order."""
        ...

    async def count(self, operation: UUID) -> int:
        """How many there are in all."""
        ...
