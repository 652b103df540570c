"""Are the read models what a replay of the record gives? One moment of the database, nothing blocked, no trace left."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from psycopg import sql

from adapters.projector.lane import LIVE_LANE
from adapters.projector.plan import Work
from adapters.projector.replay import BATCH, Progress, Record, Replay
from adapters.projector.rows import LIVE, SQL, Connection
from projections.ports.decoder import Decoder
from projections.ports.feed import FeedRecord
from projections.read_model import ReadModel, Table

SCRATCH: Final = "pg_temp"
NAMED: Final = 20
"""Differing keys that are named a table; the count is of all."""


@dataclass(frozen=True, slots=True)
class TableDifference:
    """A table beside its replay: how many rows each has, how many keys differ, and the first of them.

    `keys` are (key, what): `missing` in the table, `surplus` in it, or `different`.
    """

    table: str
    rows: int
    replayed: int
    differing: int
    keys: tuple[tuple[str, str], ...]


def compare(connection: Connection, table: Table[tuple[object, ...]], present: str, replayed: str) -> TableDifference:
    """A table in the schema `present` beside the one in `replayed`."""
    key = sql.Identifier(table.key)
    statement = sql.SQL(SQL["compare_tables"]).format(
        key=key,
        present=sql.Identifier(present, table.name),
        replayed=sql.Identifier(replayed, table.name),
        a_columns=sql.SQL(", ").join(sql.Identifier("a", c) for c in table.columns),
        b_columns=sql.SQL(", ").join(sql.Identifier("b", c) for c in table.columns),
    )
    found = connection.execute(statement, (NAMED,)).fetchone()
    if found is None:
        raise LookupError("a count returns its row")
    rows, again, differing, keys = found
    return TableDifference(table.name, rows, again, differing, tuple((k, what) for k, what in keys or ()))


def equal_to_replay(
    connection: Connection,
    models: Sequence[ReadModel],
    decoder: Decoder,
    record: Record,
    *,
    lane: str = LIVE_LANE,
    progress: Progress | None = None,
) -> list[TableDifference]:
    """Replay everything that the read models have, and no more, and compare; what differs, by table.

    Reads as of one moment and writes to temporary tables only. What projectors had not applied by then is left out, as
    is what was parked. An empty list: they are equal.
    """
    try:
        connection.execute(SQL["one_moment"])
        takes = _Applied(connection, lane)
        for model in models:
            for table in model.tables:
                connection.execute(
                    sql.SQL(SQL["make_scratch"]).format(
                        name=sql.Identifier(table.name), old=sql.Identifier(LIVE, table.name)
                    )
                )
        replay, head = Replay(models, decoder, SCRATCH), record.head()
        while replay.position < head:
            records = record.read(replay.position, BATCH)
            if not records:
                break
            replay.apply(connection, records, takes.of(records))
            if progress is not None:
                progress(min(replay.position, head), head)
        found = [compare(connection, t, LIVE, SCRATCH) for m in models for t in m.tables]
    finally:
        connection.rollback()
    return [d for d in found if d.differing]


class _Applied:
    """What the lane had applied at that moment, by stream and read model."""

    def __init__(self, connection: Connection, lane: str) -> None:
        self._connection = connection
        self._lane = lane
        self._rebuilt_to: dict[str, int] = dict(connection.execute(SQL["rebuilt_to"]).fetchall())
        parked = connection.execute(SQL["parked_from"], (lane,)).fetchall()
        self._parked = {(model, subject): version for model, subject, version in parked}

    def of(self, records: Sequence[FeedRecord]) -> Callable[[Work], bool]:
        """For these records: whether a read model had one of them in its rows."""
        subjects = list({r.subject for r in records})
        versions = dict(self._connection.execute(SQL["load_streams"], (self._lane, subjects)).fetchall())

        def takes(work: Work) -> bool:
            record = work.record
            waits = self._parked.get((work.model, record.subject))
            if waits is not None and record.stream_version >= waits:
                return False
            return bool(
                record.stream_version <= versions.get(record.subject, 0)
                or record.position <= self._rebuilt_to.get(work.model, 0)
            )

        return takes
