"""Fills the tables of read models from the record, from the first event on, in a schema of its own."""

from collections.abc import Callable, Sequence
from typing import Protocol

from adapters.projector.folding import Folding
from adapters.projector.lane import LIVE_LANE
from adapters.projector.memory import Memory
from adapters.projector.parked import Parked
from adapters.projector.plan import Planner, Work
from adapters.projector.rows import Connection, tables_of
from projections.ports.decoder import Decoder
from projections.ports.feed import FeedRecord
from projections.read_model import ReadModel

BATCH = 1_000

Progress = Callable[[int, int], None]
"""Told (position reached, head) after every batch."""


class Record(Protocol):
    """The whole record in order: the event store's."""

    def read(self, after: int, limit: int) -> Sequence[FeedRecord]:
        """Events above a position, in order, nothing left out."""
        ...

    def head(self) -> int:
        """The position of the last event; 0 when there is none."""
        ...


class Replay:
    """A replay under way: `position` is how far it came, `parked` what could not be applied. Commits nothing."""

    def __init__(self, models: Sequence[ReadModel], decoder: Decoder, schema: str) -> None:
        self.position = 0
        self.parked: list[Parked] = []
        self._planner = Planner(models, decoder)
        self._tables = tables_of(models, schema)
        self._memory = Memory(LIVE_LANE, self._tables)

    def apply(
        self, connection: Connection, records: Sequence[FeedRecord], takes: Callable[[Work], bool] | None = None
    ) -> None:
        """Fold some records into the rows; `takes` leaves out work that is not wanted."""
        if not records:
            return
        plan = self._planner.plan(records)
        with connection.pipeline():
            loading = self._memory.load(connection, plan, set())
        loading.finish()
        folding = Folding(self._memory)
        for work in plan.work:
            if takes is None or takes(work):
                folding.fold(work)
        with connection.pipeline():
            for table, rows in folding.rows.items():
                if rows:
                    self._tables[table].write(connection, rows.values())
        self._memory.keep(folding.rows, {})
        self._memory.waiting = frozenset(folding.waiting)
        self.parked.extend(folding.parked)
        self.position = records[-1].position

    def follow(self, connection: Connection, record: Record, upto: int, progress: Progress | None = None) -> None:
        """Apply the record at least up to a position that `head` gave; commits after every batch."""
        while self.position < upto:
            records = record.read(self.position, BATCH)
            if not records:
                return
            self.apply(connection, records)
            connection.commit()
            if progress is not None:
                progress(self.position, upto)
