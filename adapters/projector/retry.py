"""Parked events: shown to a person, and tried again when the cause is mended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from adapters.projector.folding import Folding
from adapters.projector.lane import LIVE_LANE
from adapters.projector.memory import Memory
from adapters.projector.parked import reason_of, restored
from adapters.projector.plan import Planner
from adapters.projector.rows import LIVE, REFUSED, SQL, Connection, tables_of
from projections.ports.decoder import Decoder
from projections.read_model import ReadModel


@dataclass(frozen=True, slots=True)
class ParkedStream:
    """A stream whose events wait for one read model; `reason`, `type` and `stream_version` are the first one's."""

    read_model: str
    subject: str
    events: int
    since: datetime
    tries: int
    type: str
    stream_version: int
    position: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Retried:
    """How a try ended: events applied, and what still holds the rest up; None: nothing, the stream is whole."""

    read_model: str
    subject: str
    applied: int
    left: int
    reason: str | None


def list_parked(
    connection: Connection, *, read_model: str | None = None, subject: str | None = None, lane: str = LIVE_LANE
) -> list[ParkedStream]:
    """What is parked, the oldest first."""
    with connection.cursor(row_factory=class_row(ParkedStream)) as cursor:
        values = {"lane": lane, "read_model": read_model, "subject": subject}
        return cursor.execute(SQL["list_parked"], values).fetchall()


def retry_parked(
    connection: Connection,
    models: Sequence[ReadModel],
    decoder: Decoder,
    *,
    read_model: str | None = None,
    subject: str | None = None,
    lane: str = LIVE_LANE,
) -> list[Retried]:
    """Apply parked events in order, stream by stream, as far as it goes; commits after each stream."""
    by_name = {m.name: m for m in models}
    outcomes = []
    for found in list_parked(connection, read_model=read_model, subject=subject, lane=lane):
        model = by_name.get(found.read_model)
        if model is not None:
            try:
                outcomes.append(_retry(connection, model, decoder, found.subject, lane))
            except BaseException:
                connection.rollback()
                raise
    return outcomes


def _retry(connection: Connection, model: ReadModel, decoder: Decoder, subject: str, lane: str) -> Retried:
    connection.execute(SQL["seize_lane"], (lane,))
    tables = tables_of((model,), LIVE)
    memory, planner = Memory(lane, tables), Planner((model,), decoder)
    waiting: list[tuple[dict[str, Any], bytes]] = connection.execute(
        SQL["parked_events"], (lane, model.name, subject)
    ).fetchall()
    applied, reason = 0, None
    for envelope, data in waiting:
        record = restored(envelope, data)
        plan = planner.plan([record])
        memory.load(connection, plan, set()).finish()
        folding = Folding(memory)
        for work in plan.work:
            folding.fold(work)
        reason = folding.parked[0].reason if folding.parked else None
        if reason is None:
            try:
                with connection.transaction():
                    for table, rows in folding.rows.items():
                        if rows:
                            tables[table].write(connection, rows.values())
            except REFUSED as refused:
                reason = reason_of(refused)
        if reason is not None:
            connection.execute(SQL["tried_again"], (reason, lane, model.name, subject, record.stream_version))
            break
        memory.keep(folding.rows, {})
        connection.execute(SQL["unpark"], (lane, model.name, subject, record.stream_version))
        applied += 1
    connection.execute(SQL["raise_changes"], (lane,))
    connection.commit()
    return Retried(model.name, subject, applied, len(waiting) - applied, reason)
