"""What tests of the feed need: events in the store, a relay beside the test, and a reader that keeps positions."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from prometheus_client import CollectorRegistry

from adapters.feed.store_source import CHANNEL, StoreSource, connect_to
from adapters.kafka.settings import KafkaSettings
from adapters.relay.metrics import RelayMetrics
from adapters.relay.progress import Progress, ProgressStore
from adapters.relay.relay import Relay
from domain.identity import Stream, id_for
from domain.operations.events import NoticeSent
from domain.provider_invoice.events import Deleted
from domain.reference.events import ProviderRetired
from projections.ports.feed import Claim, Feed, FeedRecord, Partition, PartitionBatch
from tests.support.records import Happened
from tests.support.waiting import eventually

_KEEP = """
INSERT INTO stored_events (
    notification_id, originator_id, originator_version, record_key, topic, schema_version, state, occurred_at,
    recorded_at, business_date, zone, actor, agent, commit_id, commit_size, command_id, correlation_id, causation_id,
    hash, previous_hash, event_id, traceparent, kind)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, decode(%s, 'hex'), decode(%s, 'hex'),
        %s, %s, %s)
"""


class Written:
    """Events in a database, as the append would have put them there: invoices, and now and then something else."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.happened = Happened()
        self._kept = 0

    @property
    def records(self) -> list[FeedRecord]:
        """All that was written."""
        return self.happened.records[: self._kept]

    def write(self, events: int, *, streams: int = 7) -> list[FeedRecord]:
        """Write more events, over so many invoices, every tenth on another topic; in one transaction."""
        for _ in range(events):
            number = len(self.happened.records)
            if number % 10 == 8:
                self.happened.add(Stream("provider", id_for("provider", "P")), ProviderRetired(code="P", version=1))
            elif number % 10 == 9:
                notice = NoticeSent(template="t", subject="s", name="n", message_id="m", to=1)
                self.happened.add(Stream("notice", id_for("notice", str(number))), notice)
            else:
                name = f"F-{number % streams}"
                fact = Deleted(provider="P", invoice_number=name, attempt=1, reason=f"r{number}", withdrawn_lines=0)
                self.happened.add(Stream("provider-invoice", id_for("provider-invoice", "P", name)), fact)
        return self.keep()

    def keep(self) -> list[FeedRecord]:
        """Store what happened since."""
        new = self.happened.records[self._kept :]
        with psycopg.connect(self.url, autocommit=True) as connection, connection.transaction():
            connection.cursor().executemany(_KEEP, [_columns(record) for record in new])
            connection.execute("SELECT pg_notify(%s, '')", (CHANNEL,))
        self._kept += len(new)
        return new


def _columns(r: FeedRecord) -> tuple[Any, ...]:
    return (
        *(r.position, r.subject, r.stream_version, r.record_key, r.type, r.schema_version, r.data, r.occurred_at),
        *(r.recorded_at, r.business_date, r.zone, r.actor, r.agent, r.commit_id, r.commit_size, r.command_id),
        *(r.correlation_id, r.causation_id, r.hash, r.previous_hash, r.event_id, r.traceparent),
        r.subject.partition("/")[0],
    )


@dataclass
class Standing:
    """A partition as a read model stores it."""

    epoch: int = 0
    offset: int = 0
    generation: int = 0
    watermark: int = 0


@dataclass
class Positions:
    """What a read model keeps in its database, shared by all members; every batch is one transaction."""

    partitions: dict[Partition, Standing] = field(default_factory=dict)
    applied: list[FeedRecord] = field(default_factory=list)
    refused: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def claim(self, partition: Partition, generation: int) -> Claim:
        with self.lock:
            standing = self.partitions.setdefault(partition, Standing())
            standing.epoch += 1
            if standing.generation != generation:
                standing.generation, standing.offset = generation, 0
            return Claim(standing.epoch, standing.offset or None)

    def apply(self, batch: PartitionBatch) -> bool:
        """Rows and position together, if it is still this owner's turn."""
        with self.lock:
            standing = self.partitions[batch.partition]
            if (standing.epoch, standing.offset) != (batch.epoch, batch.start):
                self.refused += 1
                return False
            standing.offset = batch.next_offset
            self.applied.extend(batch.records)
            return True

    def note(self, feed: Feed) -> None:
        for mark in feed.watermarks():
            with self.lock:
                standing = self.partitions[mark.partition]
                if standing.epoch == mark.epoch and standing.offset >= mark.offset:
                    standing.watermark = max(standing.watermark, mark.position)

    def position(self, feed: Feed) -> int:
        """Complete up to here: the smallest over all partitions."""
        return min(self.partitions.get(p, Standing()).watermark for p in feed.partitions())

    def versions(self) -> dict[str, list[int]]:
        """For each stream the versions applied, in the order in which that happened."""
        result: dict[str, list[int]] = {}
        for record in self.applied:
            result.setdefault(record.subject, []).append(record.stream_version)
        return result


class Member:
    """One reader of a group: joins, applies, notes watermarks. Also a listener."""

    def __init__(self, feed: Feed, positions: Positions) -> None:
        self.feed = feed
        self.positions = positions
        self.owned: set[Partition] = set()
        self.polled: list[PartitionBatch] = []
        self.claim_fails = 0
        feed.subscribe(self)

    def assigned(self, partition: Partition, generation: int) -> Claim:
        if self.claim_fails:
            self.claim_fails -= 1
            raise ConnectionError("the database is away")
        self.owned.add(partition)
        return self.positions.claim(partition, generation)

    def revoked(self, partition: Partition) -> None:
        self.owned.discard(partition)

    def step(self, max_records: int = 500, timeout: float = 0.05) -> Sequence[PartitionBatch]:
        """One turn of a projector's loop."""
        batches = self.feed.poll(timeout, max_records)
        self.polled.extend(batches)
        for batch in batches:
            if self.positions.apply(batch):
                self.feed.note_applied(batch.partition, batch.next_offset)
        self.positions.note(self.feed)
        return batches

    def until(self, done: Callable[[], object], *, within: float = 60.0, max_records: int = 500) -> None:
        """Go on until `done`."""

        def look() -> object:
            self.step(max_records)
            return done()

        eventually(look, within=within, every=0, what="the reader is where it should be")

    def until_position(self, position: int, *, within: float = 60.0, max_records: int = 500) -> None:
        """Go on until the read model is complete up to a position."""
        self.until(lambda: self.positions.position(self.feed) >= position, within=within, max_records=max_records)


class RunningRelay:
    """A relay on a thread of its own."""

    def __init__(self, url: str, settings: KafkaSettings) -> None:
        self.metrics = RelayMetrics(CollectorRegistry())
        self._stop = threading.Event()
        self.relay = Relay(
            lambda: psycopg.connect(url, autocommit=True),
            StoreSource(connect_to(url)),
            settings,
            self.metrics,
            self._stop,
        )
        self._thread = threading.Thread(target=self.relay.run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive()


@contextmanager
def running_relay(url: str, settings: KafkaSettings) -> Iterator[RunningRelay]:
    """A relay beside the test; stopped at its end."""
    running = RunningRelay(url, settings)
    try:
        yield running
    finally:
        running.stop()


def progress(url: str, settings: KafkaSettings) -> Progress:
    """How far the relay is."""
    with psycopg.connect(url, autocommit=True) as connection:
        return ProgressStore(connection, settings.prefix).load()


def until_relayed(url: str, settings: KafkaSettings, position: int, *, within: float = 60.0) -> None:
    """Wait until everything up to a position is acknowledged."""
    eventually(lambda: progress(url, settings).position >= position, within=within, what=f"{position} relayed")


def as_read(record: FeedRecord) -> FeedRecord:
    """Without the place in the topic, which differs from feed to feed."""
    return record._replace(partition=0, offset=0)


def in_order(records: Iterable[FeedRecord]) -> list[FeedRecord]:
    """By position, without their places."""
    return sorted((as_read(record) for record in records), key=lambda record: record.position)


def key_of(name: str) -> UUID:
    """The id of one of the invoices that `Written` writes about."""
    return id_for("provider-invoice", "P", name)
