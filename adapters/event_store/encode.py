"""A save as the append function takes it: packed columns, hashes computed, keys by which saves can get in each
other's way.

Encoding happens in the caller's task, while the group before is being committed.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from adapters.event_store.chain import event_id, header, instant_text, link
from adapters.event_store.codec import Codec
from adapters.event_store.packing import (
    NULL,
    pack_bigint,
    pack_bool,
    pack_bytes,
    pack_date,
    pack_instant,
    pack_int,
    pack_text,
    pack_uuid,
)
from commands.origin import Origin
from commands.ports.event_store import Answer, Claim, Save, Write
from domain.identity import Stream

ANSWER_DAYS: Final = 90
"""How long an answer is kept that is not a money command's."""

Columns = tuple[bytes, ...]


@dataclass(slots=True)
class EncodedSave:
    """A save, ready to be put into a group. Columns are in the order of the append function's arguments."""

    save: Save
    writes: int
    write_columns: Columns
    events: int
    event_columns: Columns
    claims: int
    claim_columns: Columns
    answers: int
    answer_columns: Columns
    keys: tuple[str, ...]
    """Streams, names and idempotency keys: two saves that share one cannot both be judged in one group."""
    last_hashes: Mapping[Stream, bytes]
    """Hash of the last event that each stream would get: how an earlier try of the save is recognised."""
    size: int
    """Bytes, roughly: what bounds a group."""


_text = lru_cache(maxsize=4096)(pack_text)  # types, zones, actors, keys: few different ones, over and over


def encode_save(save: Save, codec: Codec) -> EncodedSave:
    """Pack a save. Raises what the codec raises, and ValueError for two writes of one stream: nothing was sent."""
    size = sum(len(write.facts) for write in save.writes)
    write_rows: list[Columns] = []
    event_rows: list[Columns] = []
    keys: list[str] = []
    last_hashes: dict[Stream, bytes] = {}
    for write in save.writes:
        subject = str(write.after.stream)
        if subject in keys:
            raise ValueError(f"a save has two writes for {subject}; put their facts into one")
        keys.append(subject)
        last = _encode_write(save.origin, write, subject, codec, write_rows, event_rows, size)
        last_hashes[write.after.stream] = last
    claim_rows = [_claim(claim) for claim in save.claims]
    keys.extend(f"name:{claim.kind}:{claim.key}" for claim in save.claims)
    answer_rows = [_answer(save.answer)] if save.answer else []
    if save.answer:
        keys.append(f"answer:{save.answer.key.scope}:{save.answer.key.key}")
    return EncodedSave(
        save=save,
        writes=len(write_rows),
        write_columns=_columns(write_rows),
        events=size,
        event_columns=_columns(event_rows),
        claims=len(claim_rows),
        claim_columns=_columns(claim_rows),
        answers=len(answer_rows),
        answer_columns=_columns(answer_rows),
        keys=tuple(keys),
        last_hashes=last_hashes,
        size=sum(len(row[5]) for row in event_rows) + 400 * size + 200,
    )


def _columns(rows: Sequence[Columns]) -> Columns:
    return rows[0] if len(rows) == 1 else tuple(map(b"".join, zip(*rows, strict=True)))


def _encode_write(
    origin: Origin,
    write: Write,
    subject: str,
    codec: Codec,
    write_rows: list[Columns],
    event_rows: list[Columns],
    size: int,
) -> bytes:
    """Add the write's rows; the hash that its stream would end with."""
    history = write.after
    expected = bytes.fromhex(history.head_hash)
    previous = expected
    version = history.version
    stream = pack_text(subject)
    occurred = instant_text(origin.now)
    envelope = (
        pack_instant(origin.now),
        pack_date(origin.business_date),
        _text(origin.zone),
        _text(origin.actor),
        _text(origin.agent),
        pack_uuid(origin.command_id),
        pack_text(origin.correlation_id),
        pack_text(origin.causation_id),
        pack_text(origin.traceparent),
    )
    record_key = pack_uuid(write.record_key or history.stream.id)
    for fact in write.facts:
        version += 1
        state = codec.encode(fact)
        event = event_id(subject, version, origin.command_id)
        lines = header(
            event=event,
            type_=fact.type,
            schema_version=fact.schema_version,
            subject=subject,
            version=version,
            occurred_at=occurred,
            business_date=origin.business_date,
            zone=origin.zone,
            actor=origin.actor,
            agent=origin.agent,
            command_id=origin.command_id,
            correlation_id=origin.correlation_id,
            causation_id=origin.causation_id,
        )
        digest = link(previous, lines, state)
        event_rows.append(
            (
                pack_int(len(event_rows)),
                pack_int(size),
                stream,
                pack_bigint(version),
                _text(fact.type),
                pack_bytes(state),
                pack_uuid(event),
                pack_int(fact.schema_version),
                record_key,
                *envelope,
                pack_bytes(previous),
                pack_bytes(digest),
            )
        )
        previous = digest
    write_rows.append(
        (
            stream,
            pack_bigint(history.version),
            pack_bytes(expected) if history.version else NULL,
            pack_bigint(version),
            pack_bytes(previous) if write.facts else NULL,
        )
    )
    return previous


def _claim(claim: Claim) -> Columns:
    return (_text(claim.kind), pack_text(claim.key), pack_uuid(claim.owner), pack_bool(claim.take))


def _answer(answer: Answer) -> Columns:
    key = answer.key
    return (
        pack_text(key.scope),
        pack_text(key.key),
        pack_text(key.digest),
        pack_int(answer.status),
        pack_text(json.dumps(dict(answer.body), separators=(",", ":"), ensure_ascii=False)),
        pack_text(json.dumps(dict(answer.headers), separators=(",", ":"), ensure_ascii=False)),
        NULL if key.forever else pack_int(ANSWER_DAYS),
    )
