"""The port to the feed: every stored event in order within its key, from Kafka or straight from the event store.

Pull based and synchronous. The feed hands out batches; it never decides what was applied. Positions belong to the
read model: it stores its next offset in the transaction of its rows, so that a crash, a double or a former owner
changes nothing. The loop of a projector:

    feed.subscribe(listener)
    while running:
        for batch in feed.poll(timeout=0.05, max_records=500):
            # one transaction: rows, and the position where it still is what this batch starts from:
            #   UPDATE positions SET next_offset = batch.next_offset
            #   WHERE partition = ... AND epoch = batch.epoch AND next_offset = batch.start
            # no row changed: somebody else owns the partition or has applied this; roll back and drop the batch.
            feed.note_applied(batch.partition, batch.next_offset)
        for mark in feed.watermarks():
            # applied up to mark.offset (stored next_offset >= mark.offset, same epoch): store mark.position for the
            # partition, also when nothing came. The offset itself only ever moves with a batch.

All methods, and all calls to the listener, run on the one thread that calls `poll`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, Protocol
from uuid import UUID


class Partition(NamedTuple):
    """A part of a topic with an order of its own. `topic` is the short name, such as `provider-invoice`."""

    topic: str
    number: int


class FeedRecord(NamedTuple):
    """An event as it is fed: the stored bytes and their envelope. A tuple: one is made for every event of the feed.

    A reader applies by (`subject`, `stream_version`): what is not above its own is a repeat and skipped; a version
    missing in between is an error to stop at. Order holds within a `record_key`, and with it within a subject.
    """

    topic: str
    """Short name, one of `domain.facts.TOPICS`."""
    partition: int
    offset: int
    """In the partition; grows, may have gaps. From the event store: the position."""
    position: int
    """In the whole record; grows within a key, has gaps. A repeat has the position of the first time."""
    subject: str
    """`kind/uuid`: the stream."""
    stream_version: int
    """From 1, without gaps."""
    record_key: UUID
    """The stream's id, but for usage offers: their provider invoice's id."""
    type: str
    """Stored name, such as `provider-invoice.activated`."""
    schema_version: int
    data: bytes
    """JSON as stored; personal fields are ciphertext."""
    occurred_at: datetime
    recorded_at: datetime
    business_date: date
    zone: str
    actor: str
    agent: str | None
    commit_id: int
    """Position of the first event of the transaction; all its records share it."""
    commit_size: int
    """How many events that transaction has, over all topics."""
    command_id: UUID
    correlation_id: str
    causation_id: str | None
    hash: str
    """Hex SHA-256, chained to `previous_hash` (64 zeros for a stream's first)."""
    previous_hash: str
    event_id: UUID
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class PartitionBatch:
    """Records of one partition, in order. `records` may be empty: only the offset moves on, and is to be stored."""

    partition: Partition
    epoch: int
    """From the listener's claim under which these were read."""
    start: int
    """Where reading stood: the `next_offset` that the read model must still have stored."""
    next_offset: int
    """What to store with the rows."""
    records: Sequence[FeedRecord]


@dataclass(frozen=True, slots=True)
class Claim:
    """The answer to an assignment: the new owner's epoch, and where to go on.

    `offset` None: from the first record (nothing stored, or stored for another generation). The read model stores
    0 as its `next_offset` then, which is the first batch's `start`.
    """

    epoch: int
    offset: int | None


class PartitionListener(Protocol):
    """Told what this reader owns. Called within `poll`, on its thread."""

    def assigned(self, partition: Partition, generation: int) -> Claim:
        """Claim the partition: in one committed transaction raise its owner epoch and read the stored offset.

        `generation` grows when the topics were rebuilt: offsets stored under another generation mean nothing, so
        the claim starts from None and stores 0 with the new generation; stream versions skip what was applied.
        May raise (the database is away): the feed gives out nothing of this partition and asks again later.
        Should take well under a second.
        """
        ...

    def revoked(self, partition: Partition) -> None:
        """Not owned any more (or about to be assigned anew); batches still held are to be dropped."""
        ...


@dataclass(frozen=True, slots=True)
class Watermark:
    """All events of the partition up to `position` lie below `offset`.

    Who has applied the partition up to `offset` (exclusive) has all of it up to `position`. A read model's position
    is the smallest over all partitions of its topics.
    """

    partition: Partition
    epoch: int
    position: int
    offset: int


class Feed(Protocol):
    """One member of a group of readers. Any number of members share the partitions; each record may come again."""

    def partitions(self) -> Sequence[Partition]:
        """All partitions of the topics read, owned or not: what a read model's position is the smallest over."""
        ...

    def subscribe(self, listener: PartitionListener) -> None:
        """Join the group. Once, before the first poll; assignments come within later polls."""
        ...

    def poll(self, timeout: float, max_records: int) -> Sequence[PartitionBatch]:
        """At most one batch a partition, at most `max_records` records in all; waits up to `timeout` seconds.

        Returns at once when something is there. Trouble with the broker or the database raises nothing: it backs
        off within `timeout`, returns nothing and shows in `problem`. Calling again says that all batches of the last
        call were dealt with: applied, dropped, or sought back.
        """
        ...

    def seek(self, partition: Partition, offset: int) -> None:
        """Read an owned partition again from here, such as a batch's `start` after a failed transaction."""
        ...

    def watermarks(self) -> Sequence[Watermark]:
        """For owned partitions: up to where each is complete with what was given out. Empty while that can't be known.

        Asks for the acknowledged position first, then takes the end offset, so that the answer is never too high; an
        end that lies ahead is remembered until reading has come to it.
        """
        ...

    def note_applied(self, partition: Partition, next_offset: int) -> None:
        """Tell the broker's lag tools. Information only; nothing is read back from it; never raises or waits."""
        ...

    def problem(self) -> str | None:
        """Why nothing comes, in one sentence, for readiness and logs; None while all is well."""
        ...

    def close(self) -> None:
        """Leave the group. Never raises."""
        ...
