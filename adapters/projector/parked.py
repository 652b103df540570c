"""Events that can't be applied to a read model, with their reason; later ones of the stream wait behind them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson

from adapters.projector.rows import SQL, Connection
from projections.ports.feed import FeedRecord

ENVELOPE = tuple(name for name in FeedRecord._fields if name != "data")


@dataclass(frozen=True, slots=True)
class Parked:
    """An event put aside for one read model. `reason` None: nothing is wrong with it, it waits behind one."""

    read_model: str
    record: FeedRecord
    reason: str | None


def reason_of(problem: BaseException) -> str:
    """One line for a person: what went wrong, bounded."""
    return f"{type(problem).__name__}: {problem}"[:2000].replace("\x00", "")


def park(connection: Connection, lane: str, parked: Sequence[Parked]) -> None:
    """Keep events, with all of their envelope, to be applied later in order."""
    records = [p.record for p in parked]
    connection.execute(
        SQL["park"],
        {
            "lane": lane,
            "read_models": [p.read_model for p in parked],
            "subjects": [r.subject for r in records],
            "versions": [r.stream_version for r in records],
            "positions": [r.position for r in records],
            "keys": [str(r.record_key) for r in records],
            "types": [r.type for r in records],
            "records": [envelope(r) for r in records],
            "data": [bytes(r.data) for r in records],
            "reasons": [p.reason for p in parked],
        },
    )


def envelope(record: FeedRecord) -> str:
    """The record without its data, as JSON text."""
    return orjson.dumps({name: getattr(record, name) for name in ENVELOPE}).decode()


def restored(envelope: dict[str, Any], data: bytes) -> FeedRecord:
    """The record that `envelope` was made of."""
    e = dict(envelope)
    for name in ("record_key", "command_id", "event_id"):
        e[name] = UUID(e[name])
    for name in ("occurred_at", "recorded_at"):
        e[name] = datetime.fromisoformat(e[name])
    e["business_date"] = date.fromisoformat(e["business_date"])
    return FeedRecord(**e, data=data)
