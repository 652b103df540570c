"""Stored events as they come from the table: a light row, and the decoded record made of it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from adapters.event_store.chain import GENESIS
from adapters.event_store.codec import Codec
from commands.ports.event_store import Recorded
from domain.identity import Stream


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A stored event without its fact decoded: what the relay sends and `verify` recomputes. Hashes are raw bytes."""

    subject: str
    version: int
    type: str
    data: bytes
    position: int
    event_id: UUID
    schema_version: int
    record_key: UUID
    occurred_at: datetime
    recorded_at: datetime
    business_date: date
    zone: str
    actor: str
    agent: str | None
    command_id: UUID
    correlation_id: str
    causation_id: str | None
    traceparent: str | None
    commit_id: int
    commit_size: int
    previous_hash: bytes
    hash: bytes

    @property
    def stream(self) -> Stream:
        """The stream it is in."""
        return Stream.parse(self.subject)


def stored_row(columns: tuple[Any, ...]) -> StoredRow:
    """A row of the statements `feed` and `stream_events`."""
    return StoredRow(*columns)


def recorded(row: StoredRow, codec: Codec) -> Recorded:
    """The row with its fact decoded, decrypted and of the newest version. Raises UnreadableEvent; may block."""
    return Recorded(
        position=row.position,
        stream=row.stream,
        version=row.version,
        record_key=row.record_key,
        event_id=row.event_id,
        type=row.type,
        schema_version=row.schema_version,
        fact=codec.decode(row.type, row.schema_version, row.data),
        data=row.data,
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        business_date=row.business_date,
        zone=row.zone,
        actor=row.actor,
        agent=row.agent,
        command_id=row.command_id,
        correlation_id=row.correlation_id,
        causation_id=row.causation_id,
        traceparent=row.traceparent,
        commit_id=row.commit_id,
        commit_size=row.commit_size,
        previous_hash=(row.previous_hash or GENESIS).hex(),
        hash=row.hash.hex(),
    )
