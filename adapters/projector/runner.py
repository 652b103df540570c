"""The loop of a projector process: polls the feed, applies its batches, notes watermarks, and gets over trouble."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import psycopg
import structlog

from adapters.projector.apply import Applied, Applier
from adapters.projector.lane import Lane, MissingVersion
from adapters.projector.rows import REFUSED, Connection, prepare
from projections.ports.decoder import Decoder
from projections.ports.feed import Claim, Feed, Partition, PartitionBatch, Watermark
from projections.read_model import ReadModel

_log = structlog.get_logger(__name__)

FIRST_WAIT = 0.05
LONGEST_WAIT = 5.0
"""Seconds between tries while something is wrong: doubled from the first to the longest."""

Connect = Callable[[], Connection]


@dataclass(slots=True)
class Tally:
    """What a projector did so far, for metrics. `problem`: why it does not get on, None while all is well."""

    turns: int = 0
    events: int = 0
    batches: int = 0
    dropped: int = 0
    parked: int = 0
    problem: str | None = None
    owned: set[Partition] = field(default_factory=set)


class Projector:
    """One process's loop. Everything runs on the thread that calls `run` or `step`."""

    def __init__(
        self,
        feed: Feed,
        lane: Lane,
        models: Sequence[ReadModel],
        decoder: Decoder,
        connect: Connect,
        *,
        max_records: int = 500,
        schema: str = "read_models",
    ) -> None:
        self.tally = Tally()
        self._feed = feed
        self._lane = lane
        self._connect = connect
        self._applier = Applier(lane, models, decoder, schema)
        self._max_records = max_records
        self._connection: Connection | None = None
        self._claims: Connection | None = None
        self._noted: dict[Partition, int] = {}
        self._joined = False
        self._wait = FIRST_WAIT

    def run(self, stop: threading.Event) -> None:
        """Project until `stop` is set; the batch in hand is finished first. Never raises for what may pass."""
        try:
            while not stop.is_set():
                if not self.step(timeout=0.1):
                    stop.wait(self._wait)
                    self._wait = min(self._wait * 2, LONGEST_WAIT)
                else:
                    self._wait = FIRST_WAIT
        finally:
            self.close()

    def step(self, timeout: float = 0.1) -> bool:
        """One poll and what follows from it. False: it did not work, `tally.problem` says why; try again later."""
        batches: Sequence[PartitionBatch] = ()
        self.tally.turns += 1
        try:
            self._join()
            batches = self._feed.poll(timeout, self._max_records)
            if batches:
                self._count(self._apply(batches))
            self._note_watermarks()
        except MissingVersion as missing:
            return self._failed(batches, str(missing))
        except psycopg.Error as error:
            return self._failed(batches, f"the database refuses: {type(error).__name__}: {error}")
        self.tally.problem = self._feed.problem()
        return True

    def close(self) -> None:
        """Leave the feed and the database."""
        self._feed.close()
        for connection in (self._connection, self._claims):
            if connection is not None:
                connection.close()
        self._connection = self._claims = None

    def assigned(self, partition: Partition, generation: int) -> Claim:
        """See `PartitionListener`: claim the partition for this process."""
        self._applier.forget()
        self._noted.pop(partition, None)
        if self._claims is None or self._claims.closed:
            self._claims = prepare(self._connect())
        try:
            claim = self._lane.claim(self._claims, partition, generation)
        except psycopg.Error:
            self._claims.close()
            raise
        self.tally.owned.add(partition)
        return claim

    def revoked(self, partition: Partition) -> None:
        """See `PartitionListener`: what is in memory may become stale."""
        self._applier.forget()
        self.tally.owned.discard(partition)

    def _join(self) -> None:
        if self._joined:
            return
        self._lane.join(self._connected(), self._feed.partitions())
        self._feed.subscribe(self)
        self._joined = True

    def _apply(self, batches: Sequence[PartitionBatch]) -> Applied:
        connection = self._connected()
        try:
            return self._applier.apply(connection, batches)
        except REFUSED as refused:
            _log.warning("batch_refused", error=str(refused), then="event by event")
            return self._applier.apply_singly(connection, batches)

    def _count(self, applied: Applied) -> None:
        self.tally.events += applied.events
        self.tally.batches += len(applied.batches)
        self.tally.dropped += len(applied.dropped)
        self.tally.parked += len(applied.parked)
        for parked in applied.parked:
            if parked.reason:
                _log.error(
                    "event_parked", read_model=parked.read_model, subject=parked.record.subject, reason=parked.reason
                )
        for batch in applied.batches:
            self._feed.note_applied(batch.partition, batch.next_offset)

    def _note_watermarks(self) -> None:
        marks: list[Watermark] = [m for m in self._feed.watermarks() if m.position > self._noted.get(m.partition, -1)]
        if marks:
            moved = self._applier.note_watermarks(self._connected(), marks)
            self._noted.update((m.partition, m.position) for m in marks if m.partition in moved)

    def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = prepare(self._connect())
        return self._connection

    def _failed(self, batches: Sequence[PartitionBatch], problem: str) -> bool:
        """Read the same batches again, later."""
        if problem != self.tally.problem:
            _log.error("projection_stopped", problem=problem)
        self.tally.problem = problem
        for batch in batches:
            self._feed.seek(batch.partition, batch.start)
        if self._connection is not None and self._connection.broken:
            self._connection.close()
        return False
