"""An event as a Kafka record: CloudEvents 1.0 in binary mode, and back.

The value is the event's JSON exactly as stored; all else is headers, text in UTF-8. Pure functions: what goes in
comes out (a property test holds it). Attribute names are the contract of `docs/events.md`; none is ever renamed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from projections.ports.feed import FeedRecord

Headers = list[tuple[str, bytes]]
"""As kafka-python takes and gives them."""

SEQUENCE_DIGITS = 20
"""`ce_sequence` is compared as text by some readers: zero-padded to hold any 64-bit position."""

REQUIRED = (
    "ce_id",
    "ce_type",
    "ce_source",
    "ce_subject",
    "ce_time",
    "ce_specversion",
    "ce_sequence",
    "ce_streamversion",
    "ce_partitionkey",
    "ce_dataschema",
    "ce_commitid",
    "ce_commitsize",
    "ce_commandid",
    "ce_correlationid",
    "ce_actor",
    "ce_businessdate",
    "ce_timezone",
    "ce_recordedtime",
    "ce_hash",
    "ce_previoushash",
    "content-type",
)
"""On every record; `ce_agent`, `ce_causationid` and `traceparent` only where there is one."""


class NotOurs(ValueError):
    """A record in our topic that the relay did not write: it lacks a header, or one can't be read."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What the installation calls itself. `schemas` is the address below which `/TYPE/VERSION` is the JSON Schema."""

    source: str = "urn:ledgerline"
    schemas: str = "http://localhost:8000/v1/schemas"


def instant(value: datetime) -> bytes:
    """RFC 3339 in UTC with microseconds and Z."""
    return value.replace(tzinfo=None).isoformat(timespec="microseconds").encode() + b"Z"


def headers(record: FeedRecord, origin: Origin) -> Headers:
    """The headers of an event. `topic`, `partition` and `offset` are the broker's business."""
    result: Headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(record.event_id).encode()),
        ("ce_type", record.type.encode()),
        ("ce_source", origin.source.encode()),
        ("ce_subject", record.subject.encode()),
        ("ce_time", instant(record.occurred_at)),
        ("ce_dataschema", f"{origin.schemas}/{record.type}/{record.schema_version}".encode()),
        ("ce_sequence", b"%020d" % record.position),
        ("ce_streamversion", b"%d" % record.stream_version),
        ("ce_partitionkey", key(record)),
        ("ce_commitid", b"%d" % record.commit_id),
        ("ce_commitsize", b"%d" % record.commit_size),
        ("ce_commandid", str(record.command_id).encode()),
        ("ce_correlationid", record.correlation_id.encode()),
        ("ce_actor", record.actor.encode()),
        ("ce_businessdate", record.business_date.isoformat().encode()),
        ("ce_timezone", record.zone.encode()),
        ("ce_recordedtime", instant(record.recorded_at)),
        ("ce_hash", record.hash.encode()),
        ("ce_previoushash", record.previous_hash.encode()),
        ("content-type", b"application/json"),
    ]
    if record.causation_id is not None:
        result.append(("ce_causationid", record.causation_id.encode()))
    if record.agent is not None:
        result.append(("ce_agent", record.agent.encode()))
    if record.traceparent is not None:
        result.append(("traceparent", record.traceparent.encode()))
    return result


def key(record: FeedRecord) -> bytes:
    """The record's key: what it is partitioned by."""
    return str(record.record_key).encode()


def parse(*, topic: str, partition: int, offset: int, headers: Mapping[str, bytes], value: bytes | None) -> FeedRecord:
    """The event in a record; `topic` is the short name. Unknown headers are passed over; NotOurs when one lacks."""
    try:
        agent = headers.get("ce_agent")
        causation_id = headers.get("ce_causationid")
        traceparent = headers.get("traceparent")
        return FeedRecord(
            topic=topic,
            partition=partition,
            offset=offset,
            position=int(headers["ce_sequence"]),
            subject=headers["ce_subject"].decode(),
            stream_version=int(headers["ce_streamversion"]),
            record_key=_uuid(headers["ce_partitionkey"]),
            type=headers["ce_type"].decode(),
            schema_version=int(headers["ce_dataschema"].rpartition(b"/")[2]),
            data=_bytes(value),
            occurred_at=datetime.fromisoformat(headers["ce_time"].decode()),
            recorded_at=datetime.fromisoformat(headers["ce_recordedtime"].decode()),
            business_date=date.fromisoformat(headers["ce_businessdate"].decode()),
            zone=headers["ce_timezone"].decode(),
            actor=headers["ce_actor"].decode(),
            agent=None if agent is None else agent.decode(),
            commit_id=int(headers["ce_commitid"]),
            commit_size=int(headers["ce_commitsize"]),
            command_id=_uuid(headers["ce_commandid"]),
            correlation_id=headers["ce_correlationid"].decode(),
            causation_id=None if causation_id is None else causation_id.decode(),
            hash=headers["ce_hash"].decode(),
            previous_hash=headers["ce_previoushash"].decode(),
            event_id=_uuid(headers["ce_id"]),
            traceparent=None if traceparent is None else traceparent.decode(),
        )
    except KeyError as missing:
        msg = f"record {topic}[{partition}]@{offset} lacks the header {missing}; only the relay may write to this topic"
        raise NotOurs(msg) from missing
    except ValueError as wrong:
        msg = f"record {topic}[{partition}]@{offset} can't be read: {wrong}; only the relay may write to this topic"
        raise NotOurs(msg) from wrong


def _uuid(text: bytes) -> UUID:
    return UUID(int=int(text.replace(b"-", b""), 16))  # the quickest way to one: three of them in every record


def _bytes(value: bytes | None) -> bytes:
    if value is None:
        raise ValueError("it has no value")
    return value
