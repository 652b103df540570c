"""Where a lane stands: owner epochs, offsets, stream versions and watermarks, in the transaction of the rows.

A lane is a group of projector processes that share the feed's partitions and drive the same read models.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg

from adapters.projector.rows import SQL, Connection
from projections.ports.feed import Claim, Partition, PartitionBatch, Watermark

LIVE_LANE = "live"
"""The lane whose read models are queried."""


class MissingVersion(Exception):
    """An event came before one that its stream has in between: the feed lost something, nothing more is applied."""

    def __init__(self, subject: str, expected: int, found: int, partition: Partition) -> None:
        super().__init__(
            f"{subject} is at version {expected - 1}, but version {found} came next on {partition.topic}"
            f"[{partition.number}]: an event is missing. Run `ledgerline topics rebuild`, then start again."
        )
        self.subject = subject


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a partition stands in the database."""

    epoch: int
    next_offset: int


class Lane:
    """The statements of one lane. None of them commits, but for `join` and `claim`."""

    def __init__(self, name: str, owner: str) -> None:
        self.name = name
        self.owner = owner

    def join(self, connection: Connection, partitions: Sequence[Partition]) -> None:
        """Make the lane and all partitions of the feed known; drop those of another feed. Commits."""
        names = {"lane": self.name, **_columns(partitions)}
        connection.execute(SQL["add_lane"], (self.name,))
        connection.execute(SQL["seize_lane"], (self.name,))
        connection.execute(SQL["drop_other_partitions"], names)
        connection.execute(SQL["add_partitions"], names)
        connection.commit()

    def claim(self, connection: Connection, partition: Partition, generation: int) -> Claim:
        """Become the owner of a partition and learn where to go on. Commits."""
        row = connection.execute(
            SQL["claim_partition"],
            {
                "lane": self.name,
                "topic": partition.topic,
                "partition": partition.number,
                "generation": generation,
                "owner": self.owner,
            },
        ).fetchone()
        connection.commit()
        if row is None:
            raise LookupError("a claim returns its row")
        epoch, offset = row
        return Claim(epoch=epoch, offset=offset or None)

    def advance(self, connection: Connection, batches: Sequence[PartitionBatch]) -> None:
        """Store the positions after these batches."""
        last = [b.records[-1] if b.records else None for b in batches]
        recorded: list[datetime | None] = [r.recorded_at if r else None for r in last]
        connection.execute(
            SQL["advance_positions"],
            {
                "lane": self.name,
                **_columns([b.partition for b in batches]),
                "offsets": [b.next_offset for b in batches],
                "applied": [r.position if r else 0 for r in last],
                "recorded": recorded,
            },
            prepare=True,
        )

    def note_watermarks(self, connection: Connection, marks: Sequence[Watermark]) -> "psycopg.Cursor[tuple[str, int]]":
        """Store what is complete up to where; gives the partitions that moved on."""
        return connection.execute(
            SQL["note_watermarks"],
            {
                "lane": self.name,
                **_columns([m.partition for m in marks]),
                "epochs": [m.epoch for m in marks],
                "offsets": [m.offset for m in marks],
                "positions": [m.position for m in marks],
            },
            prepare=True,
        )

    def store_streams(self, connection: Connection, versions: Mapping[str, int]) -> None:
        """Store the versions up to which streams are applied."""
        subjects = sorted(versions)
        connection.execute(
            SQL["upsert_streams"],
            {"lane": self.name, "subjects": subjects, "versions": [versions[s] for s in subjects]},
            prepare=True,
        )


def _columns(partitions: Sequence[Partition]) -> dict[str, list[str] | list[int]]:
    return {"topics": [p.topic for p in partitions], "partitions": [p.number for p in partitions]}
