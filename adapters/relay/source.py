"""What the relay needs of the event store."""

from collections.abc import Sequence
from typing import Protocol

from projections.ports.feed import FeedRecord


class Source(Protocol):
    """The record, read in order. Methods may raise while the database is away; the next call connects anew."""

    def read(self, after: int, limit: int) -> Sequence[FeedRecord]:
        """Events above a position, in order, all of them up to the last one returned."""
        ...

    def head(self) -> int:
        """The position of the last event; no later one gets a smaller one."""
        ...

    def wait(self, timeout: float) -> None:
        """Return when there may be something new, at the latest after `timeout` seconds."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...
