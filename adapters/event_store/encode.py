"""A save as the append function takes it: packed records, hashes computed, keys by which saves can get in each
other's way.

Encoding happens in the caller's task, while the group before is being committed. It is most of what a command costs in
this process, so what is the same for all events of a save is made once, and few objects are made.
"""

import json
from collections.abc import Mapping
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
from commands.ports.event_store import Answer, Claim, Save, Write
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
    last_hashes: Mapping[Stream, bytes]
    """Hash of the last event that each stream would get: how an earlier try of the save is recognised."""
    size: int
    """Bytes of the events: what bounds a group."""


_text = lru_cache(maxsize=4096)(pack_text)  # types, kinds, zones, actors: few different ones, over and over
_small = lru_cache(maxsize=1024)(pack_int)


def encode_save(save: Save, codec: Codec) -> EncodedSave:
    """Pack a save. Raises what the codec raises, and ValueError for two writes of one stream: nothing was sent."""
    encoder = _Encoder(save.origin, codec, sum([len(write.facts) for write in save.writes]))
    for write in save.writes:
        encoder.add(write)
    keys = encoder.keys
    claims: list[bytes] = []
    for claim in save.claims:
        claims.append(_claim(claim))
        keys.append(f"name:{claim.kind}:{claim.key}")
    answers: list[bytes] = []
    if save.answer is not None:
        answers.append(_answer(save.answer))
        keys.append(f"answer:{save.answer.key.scope}:{save.answer.key.key}")
    return EncodedSave(
        save=save,
        writes=encoder.writes,
        events=encoder.events,
        claims=claims,
        answers=answers,
        hashes=b"".join(encoder.hashes),
        keys=keys,
        last_hashes=encoder.last_hashes,
        size=sum([len(event) for event in encoder.events]),
    )


class _Encoder:
    """Packs the writes of one save; `size` is the number of its events."""

    def __init__(self, origin: Origin, codec: Codec, size: int) -> None:
        self.writes: list[bytes] = []
        self.events: list[bytes] = []
        self.hashes: list[bytes] = []
        self.keys: list[str] = []
        self.last_hashes: dict[Stream, bytes] = {}
        self._codec = codec
        self._size = _small(size)
        self._command = command = str(origin.command_id)
        self._occurred = instant_text(origin.now)
        self._header_end = (
            f"{self._occurred}\n{origin.business_date}\n{escaped(origin.zone)}\n{escaped(origin.actor)}\n"
            f"{escaped(origin.agent)}\n{command}\n{escaped(origin.correlation_id)}\n{escaped(origin.causation_id)}\n"
        )
        self._envelope = b"".join(
            (
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
        )

    def add(self, write: Write) -> None:
        history = write.after
        stream, version = history.stream, history.version
        subject = f"{stream.kind}/{stream.id}"
        if subject in self.keys:
            raise ValueError(f"a save has two writes for {subject}; put their facts into one")
        self.keys.append(subject)
        packed_stream, kind = pack_text(subject), _text(stream.kind)
        record_key = pack_uuid(write.record_key or stream.id)
        previous = expected = bytes.fromhex(history.head_hash)
        for fact in write.facts:
            version += 1
            state = self._codec.encode(fact)
            type_, schema_version = fact.type, fact.schema_version
            event = event_id_bytes(subject, version, self._command)
            h = event.hex()
            header = (
                f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}\n{type_}\n{schema_version}\n{subject}\n{version}\n"
                f"{self._header_end}"
            )
            digest = sha256(previous + header.encode() + state).digest()
            self.events.append(
                b"".join(
                    (
                        _small(len(self.events)),
                        self._size,
                        packed_stream,
                        kind,
                        pack_bigint(version),
                        _text(type_),
                        pack_bytes(state),
                        pack_uuid_bytes(event),
                        _small(schema_version),
                        record_key,
                        self._envelope,
                        pack_bytes(previous),
                        pack_bytes(digest),
                    )
                )
            )
            self.hashes.append(digest)
            previous = digest
        self.last_hashes[stream] = previous
        self.writes.append(
            b"".join(
                (
                    packed_stream,
                    pack_bigint(history.version),
                    pack_bytes(expected) if history.version else NULL_BYTES,
                    pack_bigint(version),
                    pack_bytes(previous) if write.facts else NULL_BYTES,
                )
            )
        )


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
