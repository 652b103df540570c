"""Plain facts as the feed gives them, and a feed in memory with as many partitions as wanted."""

import zlib
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5

from domain.fact import Fact
from domain.facts import TOPIC_OF_KIND, TOPICS
from domain.identity import NAMESPACE, Stream
from projections.ports.feed import Claim, FeedRecord, Partition, PartitionBatch, PartitionListener, Watermark

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


class Happened:
    """What happened, in order: gives each fact its position, stream version and a minute of its own."""

    def __init__(self) -> None:
        self.records: list[FeedRecord] = []
        self._versions: dict[str, int] = {}

    def add(
        self,
        stream: Stream,
        *facts: Fact,
        key: UUID | None = None,
        day: date | None = None,
        actor: str = "person:test",
        data: bytes | None = None,
    ) -> list[FeedRecord]:
        """Facts of one command, in one transaction."""
        commit = len(self.records) + 1
        made = []
        for fact in facts:
            position = len(self.records) + 1
            version = self._versions.get(str(stream), 0) + 1
            self._versions[str(stream)] = version
            at = START + timedelta(minutes=position)
            record = FeedRecord(
                topic=TOPIC_OF_KIND[stream.kind],
                partition=0,
                offset=position,
                position=position,
                subject=str(stream),
                stream_version=version,
                record_key=key or stream.id,
                type=fact.type,
                schema_version=fact.schema_version,
                data=fact.model_dump_json().encode() if data is None else data,
                occurred_at=at,
                recorded_at=at,
                business_date=day or at.date(),
                zone="UTC",
                actor=actor,
                agent=None,
                commit_id=commit,
                commit_size=len(facts),
                command_id=uuid5(NAMESPACE, f"command:{commit}"),
                correlation_id=f"test-{commit}",
                causation_id=None,
                hash="0" * 64,
                previous_hash="0" * 64,
                event_id=uuid5(NAMESPACE, f"event:{stream}:{version}"),
                traceparent=None,
            )
            self.records.append(record)
            made.append(record)
        return made


class MemoryFeed:
    """A feed over given records: partitions by key, offsets per partition, one member.

    `order` shuffles nothing by itself: `poll` takes from the partitions in the order they are named there.
    """

    def __init__(self, partitions: int = 3, order: Sequence[Partition] | None = None) -> None:
        self._all = [Partition(t, n) for t in TOPICS for n in range(partitions if t.endswith("invoice") else 1)]
        self.logs: dict[Partition, list[FeedRecord]] = {p: [] for p in self._all}
        self.order = list(order or self._all)
        self.generation = 1
        self.noted: dict[Partition, int] = {}
        self._count = partitions
        self._listener: PartitionListener | None = None
        self._claims: dict[Partition, int] = {}
        self._at: dict[Partition, int] = {}
        self._complete: dict[Partition, tuple[int, int]] = {}

    def publish(self, records: Iterable[FeedRecord]) -> None:
        """Records come in; each goes to the partition of its key."""
        for record in records:
            count = self._count if record.topic.endswith("invoice") else 1
            partition = Partition(record.topic, zlib.crc32(record.record_key.bytes) % count)
            log = self.logs[partition]
            log.append(record._replace(partition=partition.number, offset=len(log)))
            for each in self._all:
                self._complete[each] = (record.position, len(self.logs[each]))

    def partitions(self) -> Sequence[Partition]:
        return self._all

    def subscribe(self, listener: PartitionListener) -> None:
        self._listener = listener

    def reassign(self) -> None:
        """Take everything away, to be assigned anew at the next poll."""
        for partition in list(self._claims):
            if self._listener is not None:
                self._listener.revoked(partition)
        self._claims.clear()

    def poll(self, timeout: float, max_records: int) -> Sequence[PartitionBatch]:
        assert self._listener is not None
        for partition in self._all:
            if partition not in self._claims:
                claim: Claim = self._listener.assigned(partition, self.generation)
                self._claims[partition] = claim.epoch
                self._at[partition] = claim.offset or 0
        batches = []
        for partition in self.order:
            start = self._at[partition]
            records = self.logs[partition][start : start + max_records]
            if records:
                max_records -= len(records)
                end = start + len(records)
                batches.append(PartitionBatch(partition, self._claims[partition], start, end, records))
                self._at[partition] = end
            if max_records <= 0:
                break
        return batches

    def seek(self, partition: Partition, offset: int) -> None:
        self._at[partition] = offset

    def watermarks(self) -> Sequence[Watermark]:
        return [
            Watermark(p, self._claims[p], position, offset)
            for p, (position, offset) in self._complete.items()
            if p in self._claims
        ]

    def note_applied(self, partition: Partition, next_offset: int) -> None:
        self.noted[partition] = next_offset

    def problem(self) -> str | None:
        return None

    def close(self) -> None:
        self._claims.clear()
