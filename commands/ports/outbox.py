"""The port to letters that are not out yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from commands.ports.event_store import Rows
from domain.identity import Stream


@dataclass(frozen=True, slots=True)
class OutboxRow(Rows):
    """When a letter may be tried (again), written in the transaction of its facts; None: it is out, or given up."""

    letter: Stream
    due: datetime | None


class Outbox(Protocol):
    """Letters by when they are due."""

    async def due(self, now: datetime, limit: int) -> Sequence[Stream]:
        """Letters that may be tried now, those due longest first."""
        ...

    async def postpone(self, letter: Stream, until: datetime) -> None:
        """Look at a letter later, without a fact: nothing happened. One that is not there stays away."""
        ...
