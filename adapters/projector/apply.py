"""Applies batches of the feed: one transaction holds rows, stream versions, parked events and positions.

Two round trips a batch: what has to be known (locks, positions, rows not in memory), and what is written. A batch of
a former owner, or one applied already, changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from adapters.projector.folding import Folding
from adapters.projector.lane import Lane
from adapters.projector.memory import Memory
from adapters.projector.parked import Parked, park, reason_of
from adapters.projector.plan import Planner
from adapters.projector.rows import LIVE, REFUSED, SQL, Connection, tables_of
from projections.ports.decoder import Decoder
from projections.ports.feed import Partition, PartitionBatch, Watermark
from projections.read_model import ReadModel


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of some batches. `dropped`: not ours any more, or not where the database stands."""

    batches: Sequence[PartitionBatch]
    dropped: Sequence[PartitionBatch]
    events: int
    """New ones: repeats do not count."""
    parked: Sequence[Parked]


class Applier:
    """One process's writer for a lane. Not thread-safe; any number of processes may write to one lane."""

    def __init__(self, lane: Lane, models: Sequence[ReadModel], decoder: Decoder, schema: str = LIVE) -> None:
        self.lane = lane
        self._planner = Planner(models, decoder)
        self._tables = tables_of(models, schema)
        self._memory = Memory(lane.name, self._tables)

    def forget(self) -> None:
        """Know nothing any more: when partitions came or went."""
        self._memory.forget()

    def apply(self, connection: Connection, batches: Sequence[PartitionBatch]) -> Applied:
        """Apply batches, at most one a partition; commits. MissingVersion or psycopg.Error: nothing was done."""
        try:
            return self._apply(connection, batches)
        except BaseException:
            self._undo(connection)
            raise

    def apply_singly(self, connection: Connection, batches: Sequence[PartitionBatch]) -> Applied:
        """The same with a savepoint for each event and read model: what PostgreSQL refuses is found and parked."""
        try:
            return self._apply_singly(connection, batches)
        finally:
            self._undo(connection)

    def note_watermarks(self, connection: Connection, marks: Sequence[Watermark]) -> set[Partition]:
        """Store how far partitions are complete, and wake who waits for it; commits. The partitions that moved on."""
        with connection.pipeline():
            noting = self.lane.note_watermarks(connection, marks)
            connection.execute(SQL["hint"], prepare=True)
            connection.commit()
        return {Partition(topic, number) for topic, number in noting.fetchall()}

    def _apply(self, connection: Connection, batches: Sequence[PartitionBatch]) -> Applied:
        records = [r for b in batches for r in b.records]
        plan = self._planner.plan(records)
        subjects = {r.subject for r in records}
        with connection.pipeline():
            changes, standing = self._start_locking(connection, batches)
            loading = self._memory.load(connection, plan, subjects)
        loading.finish()
        ours, dropped = self._owned(batches, standing)
        raised = self._raised(changes)
        if dropped or not self._memory.is_current(raised):
            self._memory.learn(connection, raised)
            records = [r for b in ours for r in b.records]
            plan = self._planner.plan(records)
            subjects = {r.subject for r in records}
            self._memory.load(connection, plan, subjects).finish()
        folding = Folding(self._memory)
        fresh = folding.fresh(records)
        for work in plan.work:
            if id(work.record) in fresh:
                folding.fold(work)
        with connection.pipeline():
            self._write(connection, folding)
            self._finish(connection, ours)
        self._memory.keep(folding.rows, folding.versions)
        self._memory.waiting = frozenset(folding.waiting)
        return Applied(ours, dropped, len(fresh), folding.parked)

    def _apply_singly(self, connection: Connection, batches: Sequence[PartitionBatch]) -> Applied:
        changes, standing = self._start_locking(connection, batches)
        ours, dropped = self._owned(batches, standing)
        memory = self._memory
        memory.learn(connection, self._raised(changes))
        events, parked = 0, list[Parked]()
        for record in (r for b in ours for r in b.records):
            plan = self._planner.plan([record])
            memory.load(connection, plan, {record.subject}).finish()
            seen = Folding(memory)
            if not seen.fresh([record]):
                continue
            events += 1
            self._write(connection, seen)
            memory.keep({}, seen.versions)
            for work in plan.work:
                folding = Folding(memory)
                folding.fold(work)
                try:
                    with connection.transaction():
                        self._write(connection, folding)
                except REFUSED as refused:
                    folding = Folding(memory)
                    folding.park(work.model, record, reason_of(refused))
                    self._write(connection, folding)
                memory.keep(folding.rows, {})
                memory.waiting = frozenset(folding.waiting)
                parked.extend(folding.parked)
        self._finish(connection, ours)
        return Applied(ours, dropped, events, parked)

    def _start_locking(
        self, connection: Connection, batches: Sequence[PartitionBatch]
    ) -> tuple[psycopg.Cursor[tuple[int]], psycopg.Cursor[tuple[str, int, int, int]]]:
        lane = self.lane.name
        connection.execute(SQL["share_lane"], (lane,), prepare=True)
        changes = connection.execute(SQL["lane_changes"], (lane,), prepare=True)
        standing = connection.execute(
            SQL["lock_positions"],
            {
                "lane": lane,
                "topics": [b.partition.topic for b in batches],
                "partitions": [b.partition.number for b in batches],
            },
            prepare=True,
        )
        return changes, standing

    def _owned(
        self, batches: Sequence[PartitionBatch], standing: psycopg.Cursor[tuple[str, int, int, int]]
    ) -> tuple[list[PartitionBatch], list[PartitionBatch]]:
        """Compare: the epoch of the claim and the offset from which was read must be those in the database."""
        at = {(topic, number): (epoch, offset) for topic, number, epoch, offset in standing.fetchall()}
        ours = [b for b in batches if at.get(b.partition) == (b.epoch, b.start)]
        dropped = [b for b in batches if at.get(b.partition) != (b.epoch, b.start)]
        return ours, dropped

    def _raised(self, changes: psycopg.Cursor[tuple[int]]) -> int:
        row = changes.fetchone()
        if row is None:
            raise LookupError(f"lane {self.lane.name} is unknown: join it first")
        return row[0]

    def _write(self, connection: Connection, folding: Folding) -> None:
        for table, rows in folding.rows.items():
            if rows:
                self._tables[table].write(connection, rows.values())
        if folding.versions:
            self.lane.store_streams(connection, folding.versions)
        if folding.parked:
            park(connection, self.lane.name, folding.parked)

    def _finish(self, connection: Connection, ours: Sequence[PartitionBatch]) -> None:
        if ours:
            self.lane.advance(connection, ours)
            connection.execute(SQL["hint"], prepare=True)
        connection.commit()

    def _undo(self, connection: Connection) -> None:
        self._memory.forget()
        if not connection.closed:
            connection.rollback()
