"""How far the relay has come, in PostgreSQL: written by the active relay, read by every feed.

`position` is only ever raised by a compare-and-set, by one who has seen every event from the old to the new position
acknowledged. So a second relay, or one that lost its lock without knowing, can repeat events but never skip one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from adapters.sql_files import load_sql
from domain.facts import PARTITIONS
from projections.ports.feed import Partition

Offsets = Mapping[Partition, int]

_SQL = load_sql(__package__)


@dataclass(frozen=True, slots=True)
class Progress:
    """The acknowledged prefix of the record, and where it lies in the topics.

    All events up to `position` lie below `ends` (exclusive; 0 for a partition that has none of them), at or above
    `starts`. Offsets mean something within one `generation` only. `wanted` above it: a rebuild was asked for.
    """

    generation: int
    wanted: int
    position: int
    starts: Offsets
    ends: Offsets

    def same_place(self, other: "Progress") -> bool:
        """Nobody moved it, and no rebuild was asked for."""
        return (self.generation, self.wanted, self.position) == (other.generation, other.wanted, other.position)

    def start(self, partition: Partition) -> int:
        """The offset at which this generation begins."""
        return self.starts.get(partition, 0)

    def end(self, partition: Partition) -> int:
        """The offset below which everything up to `position` lies."""
        return max(self.ends.get(partition, 0), self.start(partition))


NOTHING_YET = Progress(generation=1, wanted=1, position=0, starts={}, ends={})
"""Before a relay has run."""


class ProgressStore:
    """The row of one topic prefix, on a connection of the caller's (autocommit). Raises psycopg's errors."""

    def __init__(self, connection: psycopg.Connection[Any], name: str) -> None:
        self._connection = connection
        self._name = name

    def take_lock(self) -> bool:
        """Become the one active relay, for as long as this connection lives; False while another one is."""
        row = self._row("take_lock")
        return bool(row and row["taken"])

    def load(self) -> Progress:
        """How far it is."""
        row = self._row("load_progress")
        return NOTHING_YET if row is None else _progress(row)

    def load_unless(self, known: Progress) -> Progress:
        """How far it is; cheaper while it is still where it is known to be."""
        row = self._row(
            "load_progress_unless", generation=known.generation, wanted=known.wanted, position=known.position
        )
        return known if row is None else _progress(row)

    def make_row(self) -> None:
        """Make the row unless it is there."""
        self._execute("make_progress_row")

    def advance(self, before: Progress, position: int, ends: Offsets) -> bool:
        """Raise the position; False, and nothing done, when the row is not as it was before: load it again."""
        done = self._execute(
            "advance",
            position=position,
            ends=Jsonb(_packed(ends)),
            before=before.position,
            generation=before.generation,
        )
        return done.rowcount == 1

    def ask_for_rebuild(self) -> int:
        """Have everything published again by the active relay, or by the next one; returns the new generation."""
        row = self._row("ask_for_rebuild")
        if row is None:
            raise RuntimeError("the statement ask_for_rebuild returned no row")
        return int(row["wanted"])

    def begin_generation(self, wanted: int, starts: Offsets) -> bool:
        """Start the wanted generation at these offsets; False when that was done or overtaken by another one."""
        done = self._execute("begin_generation", wanted=wanted, starts=Jsonb(_packed(starts)))
        return done.rowcount == 1

    def _execute(self, name: str, **values: object) -> psycopg.Cursor[dict[str, Any]]:
        cursor = self._connection.cursor(row_factory=dict_row)
        return cursor.execute(_SQL[name], {"name": self._name, **values}, prepare=True)

    def _row(self, name: str, **values: object) -> dict[str, Any] | None:
        return self._execute(name, **values).fetchone()


def _progress(row: Mapping[str, Any]) -> Progress:
    return Progress(
        generation=row["generation"],
        wanted=row["wanted"],
        position=row["position"],
        starts=_unpacked(row["starts"]),
        ends=_unpacked(row["ends"]),
    )


def _packed(offsets: Offsets) -> dict[str, list[int]]:
    return {
        topic: [offsets.get(Partition(topic, number), 0) for number in range(count)]
        for topic, count in PARTITIONS.items()
    }


def _unpacked(packed: Mapping[str, list[int]]) -> Offsets:
    return {
        Partition(topic, number): offset for topic, offsets in packed.items() for number, offset in enumerate(offsets)
    }
