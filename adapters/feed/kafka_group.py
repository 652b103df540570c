"""A member of a Kafka consumer group, as the feed needs it: nothing of a partition is read before it was started.

Kafka's IO thread tells of rebalances; what it says is only noted there and taken up on the polling thread.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any

import structlog
from kafka import ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError

from adapters.kafka.quick_records import read_quickly
from adapters.kafka.settings import KafkaSettings, consumer
from adapters.kafka.topics import create_topics
from projections.ports.feed import Partition

COMMIT_EVERY = 1.0
"""Seconds between two commits of the group's offsets, which are information for lag tools."""

_log = structlog.get_logger(__name__)


class _Rebalances(ConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python has no types
    """On Kafka's IO thread: pauses what is new, so that nothing of it is read before its claim, and takes notes."""

    def __init__(self, consumer: Any) -> None:  # noqa: ANN401 - kafka-python has no types
        self._consumer = consumer
        self.notes: deque[tuple[bool, TopicPartition]] = deque()

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        for tp in assigned:
            self._consumer.pause(tp)
            self._consumer.seek(tp, 0)  # else it would look for a committed offset
            self.notes.append((True, tp))

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self.notes.extend((False, tp) for tp in revoked)

    def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        self.on_partitions_revoked(lost)


class GroupMember:
    """Speaks to the broker from the first poll on. All methods are for one thread."""

    def __init__(self, settings: KafkaSettings, group: str, topics: Sequence[str]) -> None:
        self._settings = settings
        self._group = group
        self._topics = [settings.topic(topic) for topic in topics]
        self._consumer: Any = None
        self._rebalances: _Rebalances | None = None
        self._to_commit: dict[TopicPartition, OffsetAndMetadata] = {}
        self._committed_at = 0.0

    def poll(self, timeout: float, max_records: int) -> Mapping[Partition, Sequence[Any]]:
        """Kafka's records of started partitions. Raises KafkaError, BrokerAway or TopicsDiffer."""
        consumer = self._joined()
        self._commit(consumer)
        polled = consumer.poll(timeout_ms=int(timeout * 1000), max_records=max_records)
        self._unstick(consumer)
        return {self._partition(tp): records for tp, records in polled.items()}

    def rebalanced(self) -> Iterator[tuple[bool, Partition]]:
        """What was assigned (True) or taken away since the last call, in order."""
        while self._rebalances is not None and self._rebalances.notes:
            assigned, tp = self._rebalances.notes.popleft()
            yield assigned, self._partition(tp)

    def start(self, partition: Partition, offset: int) -> None:
        """Read a partition from an offset on; nothing happens when it was taken away in the meantime."""
        with suppress(ValueError):
            self._consumer.seek(self._tp(partition), offset)
            self._consumer.resume(self._tp(partition))

    def pause(self, partition: Partition) -> None:
        """Read nothing of a partition until it is started again."""
        with suppress(ValueError, KeyError):
            self._consumer.pause(self._tp(partition))

    def note_applied(self, partition: Partition, next_offset: int) -> None:
        """Have it committed some time."""
        self._to_commit[self._tp(partition)] = OffsetAndMetadata(next_offset, "", -1)

    def forget(self, partition: Partition) -> None:
        """It is not ours to commit any more."""
        self._to_commit.pop(self._tp(partition), None)

    def close(self) -> None:
        """Leave the group; the next poll joins it again. Never raises."""
        consumer, self._consumer, self._rebalances = self._consumer, None, None
        if consumer is not None:
            with suppress(Exception):
                if self._to_commit:
                    consumer.commit(self._to_commit, timeout_ms=1000)
            with suppress(Exception):
                consumer.close(autocommit=False, timeout_ms=3000)

    def _joined(self) -> Any:  # noqa: ANN401 - kafka-python has no types
        if self._consumer is None:
            create_topics(self._settings)  # who comes before the relay would not hear of new topics for a while
            made = KafkaConsumer(**consumer(self._settings, self._group))
            read_quickly(made)
            try:
                self._rebalances = _Rebalances(made)
                made.subscribe(self._topics, listener=self._rebalances)
                # Without fresh metadata the first join gets no partitions and the second may hang: see `_unstick`.
                made.bootstrap(timeout_ms=10_000, refresh=True)
            except BaseException:
                made.close(autocommit=False, timeout_ms=1000)
                raise
            self._consumer = made
        return self._consumer

    def _unstick(self, consumer: Any) -> None:  # noqa: ANN401 - kafka-python has no types
        """Get out of a rebalance that kafka-python 3.0.12 has begun and lost sight of.

        When new metadata makes the group's leader rejoin, and a poll's timeout ends before the join does, the next
        poll finds the assignment made from that metadata, sees no reason to rejoin, and never fetches the outcome:
        no partitions and, heartbeats being off, no word of it. Seen once in 30 joins; joining again mends it.
        """
        coordinator = consumer._coordinator  # noqa: SLF001 - nothing public tells; the version is pinned
        if coordinator.rejoining and not coordinator.need_rejoin() and coordinator.rejoining:
            _log.warning("lost_rebalance_joined_again", group=self._group)
            coordinator.request_rejoin()

    def _commit(self, consumer: Any) -> None:  # noqa: ANN401 - kafka-python has no types
        if self._to_commit and monotonic() - self._committed_at > COMMIT_EVERY:
            offsets, self._to_commit, self._committed_at = self._to_commit, {}, monotonic()
            with suppress(KafkaError):
                consumer.commit_async(offsets)

    def _tp(self, partition: Partition) -> TopicPartition:
        return TopicPartition(self._settings.topic(partition.topic), partition.number)

    def _partition(self, tp: TopicPartition) -> Partition:
        return Partition(self._settings.short(tp.topic), tp.partition)
