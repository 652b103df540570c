r"""The hash chain of a stream: what a hash covers, byte for byte (docs/events.md, "Hash chain").

    hash = sha256(previous hash as 32 bytes || header || stored bytes)

The header is the envelope, so that tampering with who and when is found like tampering with what: thirteen lines of
UTF-8, each ended by a line feed, in the order of `header`. An absent value is the line `\N`; inside a value a backslash
is written `\\`, a line feed `\n`. The first event of a stream follows 32 zero bytes.
"""

from datetime import UTC, date, datetime
from hashlib import sha1, sha256
from uuid import UUID

from domain.identity import NAMESPACE

GENESIS = bytes(32)
GENESIS_HEX = GENESIS.hex()
_NAMESPACE = sha1(NAMESPACE.bytes, usedforsecurity=False)


def event_id_bytes(subject: str, version: int, command_id: str) -> bytes:
    """The 16 bytes of `event_id`, without making UUID objects."""
    digest = _NAMESPACE.copy()
    digest.update(f"event:{subject}:{version}:{command_id}".encode())
    value = bytearray(digest.digest()[:16])
    value[6] = value[6] & 0x0F | 0x50  # version 5
    value[8] = value[8] & 0x3F | 0x80  # the variant of RFC 9562
    return bytes(value)


def event_id(subject: str, version: int, command_id: UUID) -> UUID:
    """UUIDv5 of the name `event:subject:version:command_id` in the system's namespace: a retry makes the same one."""
    return UUID(bytes=event_id_bytes(subject, version, str(command_id)))


def instant_text(value: datetime) -> str:
    """RFC 3339 in UTC, always with six digits of a second."""
    return value.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def escaped(value: str | None) -> str:
    """A text as it stands on its line."""
    if value is None:
        return "\\N"
    return value.replace("\\", "\\\\").replace("\n", "\\n") if "\\" in value or "\n" in value else value


def header(
    *,
    event: UUID,
    type_: str,
    schema_version: int,
    subject: str,
    version: int,
    occurred_at: datetime,
    business_date: date,
    zone: str,
    actor: str,
    agent: str | None,
    command_id: UUID,
    correlation_id: str,
    causation_id: str | None,
) -> bytes:
    """The envelope as bytes. Appending builds the same lines in pieces (adapters/event_store/encode.py)."""
    return (
        f"{event}\n{type_}\n{schema_version}\n{subject}\n{version}\n{instant_text(occurred_at)}\n{business_date}\n"
        f"{escaped(zone)}\n{escaped(actor)}\n{escaped(agent)}\n{command_id}\n{escaped(correlation_id)}\n"
        f"{escaped(causation_id)}\n"
    ).encode()


def link(previous: bytes, envelope: bytes, state: bytes) -> bytes:
    """The hash of an event: 32 bytes."""
    return sha256(previous + envelope + state).digest()
