"""The feed straight from the event store: each topic is one partition 0, an offset is a position.

One member of a group is active, the others stand by: a session lock on the reading connection, gone with it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

import psycopg
import structlog

from adapters.feed.store_source import StoreSource, UnknownKind
from adapters.sql_files import load_sql
from domain.facts import TOPIC_OF_KIND, TOPICS
from projections.ports.feed import FeedRecord, Partition, PartitionBatch, PartitionListener, Watermark

STRIDE = 10_000
"""Positions after which a topic in which nothing happens gets an empty batch: it sets how much is read again when a
reader starts."""
LOOK_AGAIN = 0.03
"""Seconds until a poll looks again without a notification, which is a hint only."""
BACK_OFF = 0.5
"""Seconds, at most, spent in a poll that met trouble."""

_SQL = load_sql(__package__)
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Owned:
    epoch: int
    handed: int
    """The `next_offset` of the last batch: where the next one starts from."""


class EventStoreFeed:
    """See `Feed`. `connect` opens the connection that reads, listens and holds the group's lock (autocommit, UTC)."""

    def __init__(
        self, connect: "Callable[[], psycopg.Connection[Any]]", group: str, topics: Sequence[str] = TOPICS
    ) -> None:
        self._source = StoreSource(connect)
        self._group = group
        self._topics = tuple(topics)
        self._kinds = [kind for kind, topic in TOPIC_OF_KIND.items() if topic in topics]
        self._all = set(topics) == set(TOPICS)
        self._listener: PartitionListener | None = None
        self._owned: dict[Partition, _Owned] = {}
        self._read_to = 0
        self._locked: psycopg.Connection[Any] | None = None
        self._problem: str | None = None

    def partitions(self) -> Sequence[Partition]:
        """See `Feed`."""
        return [Partition(topic, 0) for topic in self._topics]

    def subscribe(self, listener: PartitionListener) -> None:
        """See `Feed`."""
        self._listener = listener

    def poll(self, timeout: float, max_records: int) -> Sequence[PartitionBatch]:
        """See `Feed`."""
        try:
            if not self._own():
                sleep(timeout)
                return []
            deadline = monotonic() + timeout
            batches = self._next(max_records)
            while not batches and (left := deadline - monotonic()) > 0:
                self._source.wait(min(left, LOOK_AGAIN))
                batches = self._next(max_records)
        except psycopg.Error as error:
            self._trouble(f"the database does not answer: {type(error).__name__}: {error}".strip(), timeout)
            return []
        except UnknownKind as error:
            self._trouble(str(error), timeout)
            return []
        self._problem = None
        return batches

    def seek(self, partition: Partition, offset: int) -> None:
        """See `Feed`. The other partitions are not given out again."""
        owned = self._owned.get(partition)
        if owned is not None:
            owned.handed = offset
            self._read_to = min(self._read_to, max(offset - 1, 0))

    def watermarks(self) -> Sequence[Watermark]:
        """See `Feed`. All that was read up to a position was handed out."""
        return [Watermark(p, owned.epoch, self._read_to, owned.handed) for p, owned in self._owned.items()]

    def note_applied(self, partition: Partition, next_offset: int) -> None:
        """See `Feed`: there is nobody to tell."""

    def problem(self) -> str | None:
        """See `Feed`."""
        return self._problem

    def close(self) -> None:
        """See `Feed`."""
        self._lose()
        self._source.close()

    def _own(self) -> bool:
        """Hold the group's lock and a claim on every partition; False while another member is active."""
        connection = self._source.connection()
        if connection is not self._locked:
            self._lose()
            row = connection.execute(_SQL["take_group_lock"], {"group": self._group}).fetchone()
            if not (row and row[0]):
                return False
            self._locked = connection
            _log.info("feed_owned", group=self._group)
        if not self._owned:
            self._claim()
        return bool(self._owned)

    def _claim(self) -> None:
        if self._listener is None:
            raise RuntimeError("subscribe before the first poll")
        owned: dict[Partition, _Owned] = {}
        try:
            for partition in self.partitions():
                claim = self._listener.assigned(partition, generation=1)
                owned[partition] = _Owned(claim.epoch, claim.offset or 0)
        except Exception as error:  # noqa: BLE001 - the listener may raise anything; it is asked again at the next poll
            self._trouble(f"partitions can't be claimed: {type(error).__name__}: {error}", BACK_OFF)
            return
        self._owned = owned
        self._read_to = max(min(o.handed for o in owned.values()) - 1, 0)

    def _next(self, limit: int) -> list[PartitionBatch]:
        records = self._read(limit)
        by_topic: dict[str, list[FeedRecord]] = {}
        for record in records:
            by_topic.setdefault(record.topic, []).append(record)
        batches = []
        for partition, owned in self._owned.items():
            fresh = by_topic.get(partition.topic, [])
            if fresh and fresh[0].offset < owned.handed:  # another topic was sought back
                fresh = [record for record in fresh if record.offset >= owned.handed]
            end = fresh[-1].offset + 1 if fresh else self._read_to + 1
            if fresh or end - owned.handed > STRIDE:
                batches.append(PartitionBatch(partition, owned.epoch, owned.handed, end, fresh))
                owned.handed = end
        return batches

    def _read(self, limit: int) -> Sequence[FeedRecord]:
        if self._all:
            records = self._source.read(self._read_to, limit)
            self._read_to = records[-1].position if records else self._read_to
            return records
        head = self._source.head()
        if head <= self._read_to:
            return []
        records = self._source.read_kinds(self._read_to, head, limit, self._kinds)
        self._read_to = records[-1].position if len(records) == limit else head
        return records

    def _lose(self) -> None:
        self._locked = None
        owned, self._owned = self._owned, {}
        if self._listener is not None:
            for partition in owned:
                self._listener.revoked(partition)

    def _trouble(self, problem: str, timeout: float) -> None:
        if problem != self._problem:
            _log.warning("feed_trouble", group=self._group, why=problem)
        self._problem = problem
        sleep(min(timeout, BACK_OFF))
