"""The feed through Kafka: partitions are spread by a consumer group, positions are the read model's.

A new partition stays paused until the listener has claimed it, on the polling thread; then its stored offset is sought.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any

import psycopg
import structlog
from kafka.errors import CorruptRecordError, OffsetOutOfRangeError

from adapters.feed.kafka_group import GroupMember
from adapters.feed.pending_marks import PendingMarks
from adapters.feed.relay_view import RelayView
from adapters.kafka import cloudevents
from adapters.kafka.settings import KafkaSettings
from domain.facts import PARTITIONS, TOPICS
from projections.ports.feed import FeedRecord, Partition, PartitionBatch, PartitionListener, Watermark

SLICE = 0.005
"""Seconds a poll may take while the relay's word that what was handed out is complete has yet to come."""
SLICES_FOR = 1.0
"""Seconds after a delivery in which polls are that short."""
REJOIN_AFTER = 60.0
"""Seconds of trouble after which the client is replaced."""
MARKS_EVERY = 0.01
"""Seconds between two answers about watermarks: each costs the read model a row for every partition."""
BACK_OFF = 0.5
"""Seconds, at most, spent in a poll that met trouble."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Owned:
    epoch: int
    handed: int
    """The `next_offset` of the last batch: where the next one starts from."""
    begin: int
    """Where the generation's records begin: nothing below is read."""
    marks: PendingMarks = field(default_factory=PendingMarks)


class KafkaFeed:
    """See `Feed`. `connect` opens a connection (autocommit) on which the relay's progress is read."""

    def __init__(
        self,
        settings: KafkaSettings,
        group: str,
        connect: "Callable[[], psycopg.Connection[Any]]",
        topics: Sequence[str] = TOPICS,
    ) -> None:
        self._group = group
        self._topics = tuple(topics)
        self._member = GroupMember(settings, group, self._topics)
        self._relay = RelayView(connect, settings.prefix)
        self._listener: PartitionListener | None = None
        self._owned: dict[Partition, _Owned] = {}
        self._unclaimed: set[Partition] = set()
        self._handed_position = 0
        self._handed_at = 0.0
        self._marked_at = 0.0
        self._problem: str | None = None
        self._trouble_since: float | None = None

    def partitions(self) -> Sequence[Partition]:
        """See `Feed`."""
        return [
            Partition(topic, n) for topic, count in PARTITIONS.items() if topic in self._topics for n in range(count)
        ]

    def subscribe(self, listener: PartitionListener) -> None:
        """See `Feed`. The broker is only spoken to in the polls."""
        self._listener = listener

    def poll(self, timeout: float, max_records: int) -> Sequence[PartitionBatch]:
        """See `Feed`. While no broker answers, a poll may take a few seconds longer."""
        if self._listener is None:
            raise RuntimeError("subscribe before the first poll")
        try:
            begun = self._claim(self._listener)
            if begun:
                return begun
            polled = self._member.poll(self._patience(timeout), max_records)
        except OffsetOutOfRangeError as error:
            lost = f"stored offsets are not in the topics ({error}): the broker lost records"
            return self._trouble(f"{lost}; run `ledgerline topics rebuild`", timeout)
        except Exception as error:  # noqa: BLE001 - in a broker's trouble kafka-python raises more than its own errors
            return self._trouble(f"{type(error).__name__}: {error}".strip(), timeout)
        unsettled = self._rebalanced()
        if not self._unclaimed:
            self._problem, self._trouble_since = None, None
        batches = [self._batch(partition, raw) for partition, raw in polled.items() if partition not in unsettled]
        return [batch for batch in batches if batch is not None]

    def seek(self, partition: Partition, offset: int) -> None:
        """See `Feed`."""
        owned = self._owned.get(partition)
        if owned is not None:
            owned.handed = offset
            self._member.start(partition, max(offset, owned.begin))

    def watermarks(self) -> Sequence[Watermark]:
        """See `Feed`."""
        if monotonic() - self._marked_at < MARKS_EVERY:
            return []
        self._marked_at = monotonic()
        try:
            progress = self._relay.load()
        except psycopg.Error:
            return []
        if self._new_generation():
            return []
        found: list[Watermark] = []
        for partition, owned in self._owned.items():
            owned.marks.add(progress.position, progress.end(partition))
            if reached := owned.marks.reached(owned.handed):
                found.append(Watermark(partition, owned.epoch, *reached))
        return found

    def note_applied(self, partition: Partition, next_offset: int) -> None:
        """See `Feed`."""
        self._member.note_applied(partition, next_offset)

    def problem(self) -> str | None:
        """See `Feed`."""
        return self._problem

    def close(self) -> None:
        """See `Feed`."""
        self._member.close()
        self._owned.clear()
        self._relay.close()

    def _rebalanced(self) -> set[Partition]:
        """Take up what the group decided; the partitions it was about."""
        unsettled: set[Partition] = set()
        for assigned, partition in self._member.rebalanced():
            unsettled.add(partition)
            self._drop(partition)
            if assigned:
                self._unclaimed.add(partition)
        return unsettled

    def _drop(self, partition: Partition) -> None:
        self._unclaimed.discard(partition)
        self._member.forget(partition)
        if self._owned.pop(partition, None) is not None and self._listener is not None:
            self._listener.revoked(partition)

    def _new_generation(self) -> bool:
        """Whether the topics were rebuilt; then all partitions are claimed anew."""
        if not self._relay.changed():
            return False
        _log.info("feed_generation_changed", generation=self._relay.seen.generation)
        for partition in list(self._owned):
            self._member.pause(partition)
            self._drop(partition)
            self._unclaimed.add(partition)
        return True

    def _claim(self, listener: PartitionListener) -> list[PartitionBatch]:
        """Claim what is new and go to its stored offset; empty batches where a generation begins above 0."""
        if self._relay.stale():
            self._relay.load()
            self._new_generation()
        begun: list[PartitionBatch] = []
        for partition in sorted(self._unclaimed):
            progress = self._relay.load()
            try:
                claim = listener.assigned(partition, progress.generation)
            except Exception as error:  # noqa: BLE001 - the listener may raise anything; it is asked again
                self._trouble(f"{partition} can't be claimed: {type(error).__name__}: {error}", 0.0)
                break
            begin = progress.start(partition)
            owned = self._owned[partition] = _Owned(claim.epoch, claim.offset or 0, begin)
            self._unclaimed.discard(partition)
            self._member.start(partition, max(owned.handed, begin))
            if owned.handed < begin:
                begun.append(PartitionBatch(partition, owned.epoch, owned.handed, begin, []))
                owned.handed = begin
        return begun

    def _batch(self, partition: Partition, raw: Sequence[Any]) -> PartitionBatch | None:
        owned = self._owned.get(partition)
        if owned is None or not raw or raw[-1].offset < owned.handed:
            return None
        records: list[FeedRecord] = []
        for record in raw:
            if record.offset < owned.handed:
                continue
            try:
                records.append(
                    cloudevents.parse(
                        topic=partition.topic,
                        partition=partition.number,
                        offset=record.offset,
                        headers=dict(record.headers),
                        value=record.value,
                    )
                )
            except (
                cloudevents.NotOurs,
                CorruptRecordError,
            ) as foreign:  # not an event: if one were lost, its stream's version would tell
                _log.error("record_is_not_ours", why=str(foreign))
        batch = PartitionBatch(partition, owned.epoch, owned.handed, raw[-1].offset + 1, records)
        owned.handed = batch.next_offset
        if records:
            self._handed_position = max(self._handed_position, records[-1].position)
            self._handed_at = monotonic()
        return batch

    def _patience(self, timeout: float) -> float:
        waiting = self._handed_position > self._relay.seen.position and monotonic() - self._handed_at < SLICES_FOR
        return min(timeout, SLICE) if waiting or self._unclaimed else timeout

    def _trouble(self, problem: str, timeout: float) -> list[PartitionBatch]:
        if problem != self._problem:
            _log.warning("feed_trouble", group=self._group, why=problem)
        self._problem = problem
        now = monotonic()
        self._trouble_since = self._trouble_since or now
        if now - self._trouble_since > REJOIN_AFTER:
            self._trouble_since = None
            self._rejoin()
        sleep(min(timeout, BACK_OFF))
        return []

    def _rejoin(self) -> None:
        """Start over with a new client: whatever state the old one is in, its next poll may raise the same again."""
        self._member.close()
        for partition in [*self._owned, *self._unclaimed]:
            self._drop(partition)
