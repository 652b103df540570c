"""Builds a read model anew beside the one that is read, and switches: readers and writers go on meanwhile.

The new rows are filled from the record. For the switch the lane's projectors wait for the moment it takes to apply
what came last and to move the tables; afterwards they skip, for this read model, what the new rows have already.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from adapters.projector.compare import TableDifference, compare
from adapters.projector.lane import LIVE_LANE
from adapters.projector.parked import park
from adapters.projector.replay import BATCH, Progress, Record, Replay
from adapters.projector.rows import LIVE, NEXT, SQL, Connection
from projections.ports.decoder import Decoder
from projections.read_model import ReadModel


class RebuildRunning(Exception):
    """Somebody else rebuilds this read model."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is being rebuilt already: wait until that has ended")


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A new version is read now. `position`: up to where it was filled. `differences` to the version it replaced.

    Where the projectors had not yet applied everything up to `position`, what they had still to do shows as a
    difference, too.
    """

    read_model: str
    version: int
    position: int
    parked: int
    differences: Sequence[TableDifference]


def rebuild(
    connection: Connection,
    model: ReadModel,
    decoder: Decoder,
    record: Record,
    *,
    lane: str = LIVE_LANE,
    progress: Progress | None = None,
) -> Rebuilt:
    """Rebuild one read model. The connection is its own, not in a transaction. RebuildRunning when another one runs.

    Broken off at any moment, nothing has changed for readers; the next one starts afresh.
    """
    if connection.execute(SQL["be_the_one"], (model.name,)).fetchone() != (True,):
        raise RebuildRunning(model.name)
    connection.commit()
    try:
        _make_tables(connection, model)
        replay = Replay((model,), decoder, NEXT)
        while (head := record.head()) - replay.position > BATCH:
            replay.follow(connection, record, head, progress)
        for table in model.tables:
            connection.execute(sql.SQL(SQL["analyze"]).format(table=sql.Identifier(NEXT, table.name)))
        connection.commit()
        return _switch(connection, model, replay, record, lane)
    except BaseException:
        if not connection.closed:
            connection.rollback()
        raise


def _make_tables(connection: Connection, model: ReadModel) -> None:
    for table in model.tables:
        old, new = sql.Identifier(LIVE, table.name), sql.Identifier(NEXT, table.name)
        connection.execute(sql.SQL(SQL["drop_next"]).format(table=new))
        connection.execute(sql.SQL(SQL["make_like"]).format(new=new, old=old))
        row = connection.execute(SQL["storage_options"], (f"{LIVE}.{table.name}",)).fetchone()
        if row is not None and row[0]:
            connection.execute(sql.SQL(SQL["set_storage_options"]).format(new=new, options=sql.SQL(row[0])))
    connection.commit()


def _switch(connection: Connection, model: ReadModel, replay: Replay, record: Record, lane: str) -> Rebuilt:
    connection.execute(SQL["seize_lane"], (lane,))
    head = record.head()
    while replay.position < head and (records := record.read(replay.position, BATCH)):
        replay.apply(connection, records)
    differences = [compare(connection, t, LIVE, NEXT) for t in model.tables]
    for table in model.tables:
        connection.execute(sql.SQL(SQL["drop_old"]).format(table=sql.Identifier(LIVE, table.name)))
        connection.execute(
            sql.SQL(SQL["move_over"]).format(new=sql.Identifier(NEXT, table.name), schema=sql.Identifier(LIVE))
        )
    connection.execute(SQL["moved_over"], (model.name,))
    connection.execute(SQL["forget_parked"], (lane, model.name))
    if replay.parked:
        park(connection, lane, replay.parked)
    row = connection.execute(SQL["switched"], {"name": model.name, "position": replay.position}).fetchone()
    connection.execute(SQL["raise_changes"], (lane,))
    connection.commit()
    if row is None:
        raise LookupError(f"{model.name} is not in read_models.catalogue: apply the migrations")
    return Rebuilt(model.name, row[0], replay.position, len(replay.parked), [d for d in differences if d.differing])
