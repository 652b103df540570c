"""The hash chain of a stream: what a hash covers, byte for byte (docs/events.md, "Hash chain").

    hash = sha256(previous hash as 32 bytes || header || stored bytes)

The header is the envelope, so that tampering with who and when is found like tampering with what: thirteen lines of
UTF-8, each ended by a line feed. The first event of a stream follows 32 zero bytes.
"""

from datetime import UTC, date, datetime
from hashlib import sha1, sha256
from uuid import UUID

from domain.identity import NAMESPACE

GENESIS = bytes(32)
GENESIS_HEX = GENESIS.hex()
_NAMESPACE = sha1(NAMESPACE.bytes, usedforsecurity=False)
_LINES = 13


def event_id(subject: str, version: int, command_id: UUID) -> UUID:
    """UUIDv5 of the name `event:subject:version:command_id` in the system's namespace: a retry makes the same one."""
    digest = _NAMESPACE.copy()
    digest.update(f"event:{subject}:{version}:{command_id}".encode())
    return UUID(bytes=digest.digest()[:16], version=5)


def instant_text(value: datetime) -> str:
    """RFC 3339 in UTC, always with six digits of a second."""
    return value.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def header(
    *,
    event: UUID,
    type_: str,
    schema_version: int,
    subject: str,
    version: int,
    occurred_at: str,
    business_date: date,
    zone: str,
    actor: str,
    agent: str | None,
    command_id: UUID,
    correlation_id: str,
    causation_id: str | None,
) -> bytes:
    r"""The envelope as bytes, one value a line in this order; `occurred_at` as by `instant_text`.

    An absent value is the line `\N`; inside a value a backslash is written `\\`, a line feed `\n`.
    """
    lines = (
        f"{event}\n{type_}\n{schema_version}\n{subject}\n{version}\n{occurred_at}\n{business_date}\n{zone}\n{actor}\n"
        f"{agent}\n{command_id}\n{correlation_id}\n{causation_id}\n"
    )
    if agent is None or causation_id is None or "\\" in lines or lines.count("\n") != _LINES:
        lines = "".join(
            "\\N\n" if value is None else str(value).replace("\\", "\\\\").replace("\n", "\\n") + "\n"
            for value in (
                event,
                type_,
                schema_version,
                subject,
                version,
                occurred_at,
                business_date,
                zone,
                actor,
                agent,
                command_id,
                correlation_id,
                causation_id,
            )
        )
    return lines.encode()


def link(previous: bytes, envelope: bytes, state: bytes) -> bytes:
    """The hash of an event: 32 bytes."""
    return sha256(previous + envelope + state).digest()
