"""The feed through Kafka: partitions are spread by a consumer group, positions are the read model's.

Kafka's IO thread tells of rebalances; what it says is only noted there, and acted upon on the polling thread: a new
partition stays paused until the listener has claimed it and its stored offset was sought.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

import psycopg
import structlog
from kafka import ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError, OffsetOutOfRangeError

from adapters.feed.relay_view import RelayView
from adapters.kafka import cloudevents
from adapters.kafka.settings import KafkaSettings, consumer
from adapters.kafka.topics import BrokerAway, TopicsDiffer, create_topics
from domain.facts import PARTITIONS, TOPICS
from projections.ports.feed import FeedRecord, Partition, PartitionBatch, PartitionListener, Watermark

COMMIT_EVERY = 1.0
"""Seconds between two commits of the group's offsets, which are information for lag tools."""
SLICE = 0.005
"""Seconds a poll may take while the relay's word that what was handed out is complete has yet to come."""
SLICES_FOR = 1.0
"""Seconds after a delivery in which polls are that short."""
BACK_OFF = 0.5
"""Seconds, at most, spent in a poll that met trouble."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Owned:
    epoch: int
    handed: int
    """The `next_offset` of the last batch: where the next one starts from."""
    begin: int = 0
    """Where reading really began, when nothing was stored: the generation's first offset."""


class _Rebalances(ConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python has no types
    """On Kafka's IO thread: pauses what is new, so that nothing of it is read before its claim, and takes notes."""

    def __init__(self) -> None:
        self.consumer: Any = None
        self.notes: deque[tuple[bool, TopicPartition]] = deque()

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        for tp in assigned:
            self.consumer.pause(tp)
            self.consumer.seek(tp, 0)  # else it would look for a committed offset
            self.notes.append((True, tp))

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self.notes.extend((False, tp) for tp in revoked)

    def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        self.on_partitions_revoked(lost)


class KafkaFeed:
    """See `Feed`. `connect` opens a connection (autocommit) on which the relay's progress is read."""

    def __init__(
        self,
        settings: KafkaSettings,
        group: str,
        connect: "Callable[[], psycopg.Connection[Any]]",
        topics: Sequence[str] = TOPICS,
    ) -> None:
        self._settings = settings
        self._group = group
        self._topics = tuple(topics)
        self._relay = RelayView(connect, settings.prefix)
        self._listener: PartitionListener | None = None
        self._consumer: Any = None
        self._rebalances = _Rebalances()
        self._owned: dict[Partition, _Owned] = {}
        self._unclaimed: set[Partition] = set()
        self._to_commit: dict[TopicPartition, OffsetAndMetadata] = {}
        self._committed_at = 0.0
        self._handed_position = 0
        self._handed_at = 0.0
        self._problem: str | None = None

    def partitions(self) -> Sequence[Partition]:
        """See `Feed`."""
        return [
            Partition(topic, n) for topic, count in PARTITIONS.items() if topic in self._topics for n in range(count)
        ]

    def subscribe(self, listener: PartitionListener) -> None:
        """See `Feed`. The broker is only spoken to in the polls."""
        self._listener = listener

    def poll(self, timeout: float, max_records: int) -> Sequence[PartitionBatch]:
        """See `Feed`. The first polls may take a few seconds longer while no broker answers."""
        try:
            consumer = self._joined()
            begun = self._claim()
            if begun:
                return begun
            self._commit(consumer)
            polled = consumer.poll(timeout_ms=int(self._patience(timeout) * 1000), max_records=max_records)
        except OffsetOutOfRangeError as error:
            return self._trouble(
                f"stored offsets are not in the topics ({error}): the broker lost records; run `ledgerline topics "
                "rebuild`",
                timeout,
            )
        except (KafkaError, BrokerAway, TopicsDiffer, psycopg.Error, ValueError) as error:
            return self._trouble(f"{type(error).__name__}: {error}".strip(), timeout)
        unsettled = self._rebalanced()
        if not self._unclaimed:
            self._problem = None
        batches = [self._batch(tp, records) for tp, records in polled.items() if self._partition(tp) not in unsettled]
        return [batch for batch in batches if batch is not None]

    def seek(self, partition: Partition, offset: int) -> None:
        """See `Feed`."""
        owned = self._owned.get(partition)
        if owned is not None:
            owned.handed = offset
            with suppress(ValueError):  # not assigned any more: its revocation is on the way
                self._consumer.seek(self._tp(partition), max(offset, owned.begin))

    def watermarks(self) -> Sequence[Watermark]:
        """See `Feed`."""
        try:
            progress = self._relay.load()
        except psycopg.Error:
            return []
        if self._new_generation():
            return []
        return [
            Watermark(partition, owned.epoch, progress.position, progress.end(partition))
            for partition, owned in self._owned.items()
        ]

    def note_applied(self, partition: Partition, next_offset: int) -> None:
        """See `Feed`."""
        self._to_commit[self._tp(partition)] = OffsetAndMetadata(next_offset, "", -1)

    def problem(self) -> str | None:
        """See `Feed`."""
        return self._problem

    def close(self) -> None:
        """See `Feed`."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with suppress(Exception):
                if self._to_commit:
                    consumer.commit(self._to_commit, timeout_ms=1000)
            with suppress(Exception):
                consumer.close(autocommit=False, timeout_ms=3000)
        self._owned.clear()
        self._relay.close()

    def _joined(self) -> Any:  # noqa: ANN401 - kafka-python has no types
        if self._consumer is None:
            if self._listener is None:
                raise RuntimeError("subscribe before the first poll")
            create_topics(self._settings)  # who comes before the relay would not hear of new topics for a while
            made = KafkaConsumer(**consumer(self._settings, self._group))
            self._rebalances.consumer = made
            made.subscribe([self._settings.topic(topic) for topic in self._topics], listener=self._rebalances)
            self._consumer = made
        return self._consumer

    def _rebalanced(self) -> set[Partition]:
        """Act upon what the IO thread noted; the partitions it was about."""
        unsettled: set[Partition] = set()
        while self._rebalances.notes:
            assigned, tp = self._rebalances.notes.popleft()
            partition = self._partition(tp)
            unsettled.add(partition)
            self._drop(partition)
            if assigned:
                self._unclaimed.add(partition)
        return unsettled

    def _drop(self, partition: Partition) -> None:
        self._unclaimed.discard(partition)
        self._to_commit.pop(self._tp(partition), None)
        if self._owned.pop(partition, None) is not None and self._listener is not None:
            self._listener.revoked(partition)

    def _new_generation(self) -> bool:
        """The topics were rebuilt: claim all partitions anew."""
        if not self._relay.changed():
            return False
        _log.info("feed_generation_changed", generation=self._relay.seen.generation)
        for partition in list(self._owned):
            with suppress(ValueError):
                self._consumer.pause(self._tp(partition))
            self._drop(partition)
            self._unclaimed.add(partition)
        return True

    def _claim(self) -> list[PartitionBatch]:
        """Claim what is new and go to its stored offset; empty batches where a generation begins above 0."""
        if self._relay.stale():
            self._relay.load()
            self._new_generation()
        begun: list[PartitionBatch] = []
        for partition in sorted(self._unclaimed):
            progress = self._relay.load()
            if self._listener is None:
                break
            try:
                claim = self._listener.assigned(partition, progress.generation)
            except Exception as error:  # noqa: BLE001 - the listener may raise anything; it is asked again
                self._trouble(f"{partition} can't be claimed: {type(error).__name__}: {error}", 0.0)
                break
            begin = progress.start(partition)
            owned = self._owned[partition] = _Owned(claim.epoch, claim.offset or 0, begin)
            self._unclaimed.discard(partition)
            with suppress(ValueError):  # taken away in the meantime: its revocation is on the way
                self._consumer.seek(self._tp(partition), max(owned.handed, begin))
                self._consumer.resume(self._tp(partition))
            if owned.handed < begin:
                begun.append(PartitionBatch(partition, owned.epoch, owned.handed, begin, []))
                owned.handed = begin
        return begun

    def _batch(self, tp: TopicPartition, raw: Sequence[Any]) -> PartitionBatch | None:
        partition = self._partition(tp)
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
                        headers=record.headers,
                        value=record.value,
                    )
                )
            except cloudevents.NotOurs as foreign:  # not an event: if one were lost, its stream's version would tell
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

    def _commit(self, consumer: Any) -> None:  # noqa: ANN401 - kafka-python has no types
        if self._to_commit and monotonic() - self._committed_at > COMMIT_EVERY:
            offsets, self._to_commit, self._committed_at = self._to_commit, {}, monotonic()
            with suppress(KafkaError):
                consumer.commit_async(offsets)

    def _trouble(self, problem: str, timeout: float) -> list[PartitionBatch]:
        if problem != self._problem:
            _log.warning("feed_trouble", group=self._group, why=problem)
        self._problem = problem
        sleep(min(timeout, BACK_OFF))
        return []

    def _tp(self, partition: Partition) -> TopicPartition:
        return TopicPartition(self._settings.topic(partition.topic), partition.number)

    def _partition(self, tp: TopicPartition) -> Partition:
        return Partition(self._settings.short(tp.topic), tp.partition)
