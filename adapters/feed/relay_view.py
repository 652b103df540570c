"""The relay's progress as a feed sees it."""

from collections.abc import Callable
from time import monotonic
from typing import Any

import psycopg

from adapters.relay.progress import NOTHING_YET, Progress, ProgressStore

LOOK_EVERY = 1.0
"""Seconds after which a look at the progress is stale."""


class RelayView:
    """Reads the progress on a connection of its own, opened anew when it broke."""

    def __init__(self, connect: "Callable[[], psycopg.Connection[Any]]", name: str) -> None:
        self._connect = connect
        self._name = name
        self._connection: psycopg.Connection[Any] | None = None
        self._looked_at = float("-inf")
        self._known_generation: int | None = None
        self.seen: Progress = NOTHING_YET
        """As it was at the last look."""

    def load(self) -> Progress:
        """The progress now; raises psycopg's errors."""
        if self._connection is None or self._connection.closed:
            self._connection = self._connect()
        self.seen = ProgressStore(self._connection, self._name).load_unless(self.seen)
        self._looked_at = monotonic()
        return self.seen

    def stale(self) -> bool:
        """Whether the last look is long ago."""
        return monotonic() - self._looked_at > LOOK_EVERY

    def changed(self) -> bool:
        """Whether the generation is another one than when this was last asked; False at the first time."""
        before, self._known_generation = self._known_generation, self.seen.generation
        return before is not None and before != self.seen.generation

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
