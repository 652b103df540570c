"""The record, for replays: what happened, as the event store would give it."""

from collections.abc import Sequence

from projections.ports.feed import FeedRecord
from tests.support.records import Happened


class RecordInMemory:
    """See `adapters.projector.replay.Record`; `on_read` may let more happen in between."""

    def __init__(self, happened: Happened, on_read=None) -> None:
        self._happened = happened
        self._on_read = on_read

    def read(self, after: int, limit: int) -> Sequence[FeedRecord]:
        if self._on_read is not None:
            self._on_read()
        return self._happened.records[after : after + limit]

    def head(self) -> int:
        return len(self._happened.records)
