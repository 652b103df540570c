"""A save as the append function takes it: packed records, hashes computed, keys by which saves can get in each
other's way.

Encoding happens in the caller's task, while the group before is being committed. It is most of what a command costs in
this process, so what is the same for all events of a save is made once, and few objects are made.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Final

from adapters.event_store.chain import escaped, event_id_bytes, instant_text
from adapters.event_store.codec import Codec
from adapters.event_store.packing import (
    NULL_BYTES,
    NULL_INT,
    pack_bigint,
    pack_bool,
    pack_bytes,
    pack_date,
    pack_instant,
    pack_int,
    pack_text,
    pack_uuid,
    pack_uuid_bytes,
)
from commands.origin import Origin
from commands.ports.event_store import Answer, Claim, Save
from domain.identity import Stream

ANSWER_DAYS: Final = 90
"""How long an answer is kept that is not a money command's."""


@dataclass(slots=True)
class EncodedSave:
    """A save, ready to be put into a group: packed records without the number that the group gives it."""

    save: Save
    writes: list[bytes]
    events: list[bytes]
    claims: list[bytes]
    answers: list[bytes]
    hashes: bytes
    """Of all events in order, joined."""
    keys: list[str]
    """Streams, names and idempotency keys: two saves that share one cannot both be judged in one group."""
    guards: list[str]
    """Streams that the save only expects: any number of saves may, unless another one of the group writes to them."""
    last_hashes: dict[Stream, bytes]
    """Hash of the last event that each stream would get: how an earlier try of the save is recognised."""
    size: int
    """Bytes of the events: what bounds a group."""


_text = lru_cache(maxsize=4096)(pack_text)  # types, kinds, zones, actors: few different ones, over and over
_line = lru_cache(maxsize=4096)(escaped)
_small = lru_cache(maxsize=1024)(pack_int)
_day = lru_cache(maxsize=64)(pack_date)


def encode_save(save: Save, codec: Codec) -> EncodedSave:
    """Pack a save. Raises what the codec raises, and ValueError for two writes of one stream: nothing was sent."""
    encoded = EncodedSave(save, [], [], [], [], b"", [], [], {}, 0)
    _encode_writes(encoded, codec)
    for claim in save.claims:
        encoded.claims.append(_claim(claim))
        encoded.keys.append(f"name:{claim.kind}:{claim.key}")
    answer = save.answer
    if answer is not None:
        encoded.answers.append(_answer(answer))
        encoded.keys.append(f"answer:{answer.key.scope}:{answer.key.key}")
    return encoded


def _envelope(origin: Origin, command: str) -> tuple[str, bytes]:
    """What all events of a save share: the end of the header that is hashed, and the packed fields."""
    now, day, zone, actor, agent = origin.now, origin.business_date, origin.zone, origin.actor, origin.agent
    correlation, causation = origin.correlation_id, origin.causation_id
    header = (
        f"{instant_text(now)}\n{day}\n{_line(zone)}\n{_line(actor)}\n{_line(agent)}\n{command}\n"
        f"{escaped(correlation)}\n{escaped(causation)}\n"
    )
    packed = b"".join(
        (
            pack_instant(now),
            _day(day),
            _text(zone),
            _text(actor),
            _text(agent),
            pack_uuid(origin.command_id),
            pack_text(correlation),
            pack_text(causation),
            pack_text(origin.traceparent),
        )
    )
    return header, packed


def _encode_writes(encoded: EncodedSave, codec: Codec) -> None:
    save = encoded.save
    command = str(save.origin.command_id)
    header_end, envelope = _envelope(save.origin, command)
    size = _small(sum([len(write.facts) for write in save.writes]))
    events, keys, guards, hashes, bytes_ = encoded.events, encoded.keys, encoded.guards, [], 0
    seen: set[str] = set()  # activating writes tens of thousands of streams at once
    for write in save.writes:
        history = write.after
        stream, version = history.stream, history.version
        kind = stream.kind
        subject = f"{kind}/{stream.id}"
        if subject in seen:
            raise ValueError(f"a save has two writes for {subject}; put their facts into one")
        seen.add(subject)
        (keys if write.facts else guards).append(subject)
        packed_stream, packed_kind = pack_text(subject), _text(kind)
        record_key = pack_uuid(write.record_key or stream.id)
        previous = expected = bytes.fromhex(history.head_hash)
        for fact in write.facts:
            version += 1
            state = codec.encode(fact)
            event = event_id_bytes(subject, version, command)
            h = event.hex()
            header = (
                f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}\n{fact.type}\n{fact.schema_version}\n{subject}\n"
                f"{version}\n{header_end}"
            )
            digest = sha256(previous + header.encode() + state).digest()
            record = (
                _small(len(events)),
                size,
                packed_stream,
                packed_kind,
                pack_bigint(version),
                _text(fact.type),
                pack_bytes(state),
                pack_uuid_bytes(event),
                _small(fact.schema_version),
                record_key,
                envelope,
                pack_bytes(previous),
                pack_bytes(digest),
            )
            events.append(b"".join(record))
            bytes_ += len(events[-1])
            hashes.append(digest)
            previous = digest
        encoded.last_hashes[stream] = previous
        write_record = (
            packed_stream,
            pack_bigint(history.version),
            pack_bytes(expected) if history.version else NULL_BYTES,
            pack_bigint(version),
            pack_bytes(previous) if write.facts else NULL_BYTES,
        )
        encoded.writes.append(b"".join(write_record))
    encoded.hashes = b"".join(hashes)
    encoded.size = bytes_


def _claim(claim: Claim) -> bytes:
    return b"".join((_text(claim.kind), pack_text(claim.key), pack_uuid(claim.owner), pack_bool(claim.take)))


def _answer(answer: Answer) -> bytes:
    key = answer.key
    return b"".join(
        (
            pack_text(key.scope),
            pack_text(key.key),
            pack_text(key.digest),
            pack_int(answer.status),
            pack_text(json.dumps(dict(answer.body), separators=(",", ":"), ensure_ascii=False)),
            pack_text(json.dumps(dict(answer.headers), separators=(",", ":"), ensure_ascii=False)),
            NULL_INT if key.forever else pack_int(ANSWER_DAYS),
        )
    )
