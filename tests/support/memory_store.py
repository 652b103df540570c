"""The event store in memory: passes the contract suite of the real one, for quick tests of handlers.

    store = MemoryEventStore()
    await store.given(stream, FactA(...), FactB(...))     # facts that are there already
    ... run the handler ...
    assert store.facts(stream)[2:] == [...]

`rows` of saves are kept in `store.rows`. Time is the origin's: `recorded_at` follows `now`, never back.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5

from adapters.event_store.chain import GENESIS_HEX, event_id, header, link
from adapters.event_store.codec import Codec
from commands.origin import Origin
from commands.ports.event_store import (
    AlreadyAnswered,
    Appended,
    Claim,
    ClaimTaken,
    Conflict,
    History,
    Recorded,
    Rows,
    Save,
    StoredAnswer,
    Write,
)
from domain.fact import Fact
from domain.identity import NAMESPACE, Stream

ANSWERS_KEPT = timedelta(days=90)


class MemoryEventStore:
    """See the port; single loop, no durability."""

    def __init__(self, codec: Codec | None = None) -> None:
        self.events: list[Recorded] = []
        self.rows: list[Rows] = []
        self.claims: dict[tuple[str, str], UUID] = {}
        self._codec = codec or Codec()
        self._answers: dict[tuple[str, str], tuple[StoredAnswer, datetime | None]] = {}
        self._streams: dict[Stream, list[Recorded]] = defaultdict(list)
        self._now = datetime(1970, 1, 1, tzinfo=UTC)
        self._appended = asyncio.Event()

    def facts(self, stream: Stream) -> list[Fact]:
        """What is stored in a stream."""
        return [event.fact for event in self._streams[stream]]

    async def given(self, stream: Stream, *facts: Fact, record_key: UUID | None = None) -> History:
        """Store facts that happened before the test; the stream's history afterwards."""
        history = await self.load(stream)
        now = datetime(2026, 1, 1, tzinfo=UTC)
        origin = Origin(
            command_id=uuid5(NAMESPACE, f"given:{stream}:{history.version}"),
            actor="test",
            now=now,
            business_date=date(2026, 1, 1),
            zone="UTC",
            correlation_id="given",
        )
        await self.append(Save(origin, (Write(history, facts, record_key),)))
        return await self.load(stream)

    async def load(self, stream: Stream, *, to_version: int | None = None) -> History:
        events = self._streams[stream][:to_version]
        last = events[-1] if events else None
        return History(
            stream=stream,
            facts=tuple(event.fact for event in events),
            version=len(events),
            head_hash=last.hash if last else GENESIS_HEX,
            position=last.position if last else 0,
        )

    async def load_many(self, streams: Sequence[Stream]) -> Mapping[Stream, History]:
        return {stream: await self.load(stream) for stream in streams}

    async def load_by_key(self, record_key: UUID, kind: str) -> Sequence[History]:
        found = {e.stream: None for e in self.events if e.record_key == record_key and e.stream.kind == kind}
        return [await self.load(stream) for stream in sorted(found, key=str)]

    async def load_by_keys(self, record_keys: Sequence[UUID], kind: str) -> Mapping[UUID, Sequence[History]]:
        found = {key: await self.load_by_key(key, kind) for key in record_keys}
        return {key: histories for key, histories in found.items() if histories}

    async def load_having(
        self, record_key: UUID, kind: str, types: Sequence[str], *, after: Stream | None = None, limit: int = 100
    ) -> Sequence[History]:
        found = {e.stream for e in self.events if e.record_key == record_key and e.type in types}
        streams = sorted((s for s in found if s.kind == kind and str(s) > str(after or "")), key=str)
        return [await self.load(stream) for stream in streams[:limit]]

    async def append(self, save: Save) -> Appended:
        streams = [write.after.stream for write in save.writes]
        if len(set(streams)) < len(streams):
            raise ValueError("a save has two writes for one stream")
        encoded = [[self._codec.encode(fact) for fact in write.facts] for write in save.writes]
        self._check(save)
        self._now = max(self._now, save.origin.now)
        first, size = len(self.events) + 1, sum(len(write.facts) for write in save.writes)
        for write, datas in zip(save.writes, encoded, strict=True):
            for fact, data in zip(write.facts, datas, strict=True):
                self._store(save.origin, write, fact, data, first, size)
        for claim in save.claims:
            self._claim(claim)
        position = len(self.events) if size else 0
        if save.answer is not None:
            key = save.answer.key
            stored = StoredAnswer(
                key.digest,
                save.answer.status,
                json.loads(json.dumps(dict(save.answer.body))),
                dict(save.answer.headers),
                position,
            )
            self._answers[key.scope, key.key] = (stored, None if key.forever else self._now + ANSWERS_KEPT)
        self.rows.extend(save.rows)
        self._appended.set()
        self._appended = asyncio.Event()
        return Appended(position)

    def _check(self, save: Save) -> None:
        if save.answer is not None and (stored := self._answer(save.answer.key.scope, save.answer.key.key)):
            raise AlreadyAnswered(stored)
        for claim in save.claims:
            owner = self.claims.get((claim.kind, claim.key))
            if claim.take and owner is not None and owner != claim.owner:
                raise ClaimTaken(claim.kind, claim.key, owner)
        for write in save.writes:
            events = self._streams[write.after.stream]
            if len(events) != write.after.version or (events and events[-1].hash != write.after.head_hash):
                raise Conflict(write.after.stream)

    def _claim(self, claim: Claim) -> None:
        if claim.take:
            self.claims[claim.kind, claim.key] = claim.owner
        elif self.claims.get((claim.kind, claim.key)) == claim.owner:
            del self.claims[claim.kind, claim.key]

    def _store(self, origin: Origin, write: Write, fact: Fact, data: bytes, first: int, size: int) -> None:
        stream = write.after.stream
        events = self._streams[stream]
        version = len(events) + 1
        previous = events[-1].hash if events else GENESIS_HEX
        event = event_id(str(stream), version, origin.command_id)
        envelope = header(
            event=event,
            type_=fact.type,
            schema_version=fact.schema_version,
            subject=str(stream),
            version=version,
            occurred_at=origin.now,
            business_date=origin.business_date,
            zone=origin.zone,
            actor=origin.actor,
            agent=origin.agent,
            command_id=origin.command_id,
            correlation_id=origin.correlation_id,
            causation_id=origin.causation_id,
        )
        recorded = Recorded(
            position=len(self.events) + 1,
            stream=stream,
            version=version,
            record_key=write.record_key or stream.id,
            event_id=event,
            type=fact.type,
            schema_version=fact.schema_version,
            fact=self._codec.decode(fact.type, fact.schema_version, data),
            data=data,
            occurred_at=origin.now,
            recorded_at=self._now,
            business_date=origin.business_date,
            zone=origin.zone,
            actor=origin.actor,
            agent=origin.agent,
            command_id=origin.command_id,
            correlation_id=origin.correlation_id,
            causation_id=origin.causation_id,
            traceparent=origin.traceparent,
            commit_id=first,
            commit_size=size,
            previous_hash=previous,
            hash=link(bytes.fromhex(previous), envelope, data).hex(),
        )
        events.append(recorded)
        self.events.append(recorded)

    def _answer(self, scope: str, key: str) -> StoredAnswer | None:
        stored, expires = self._answers.get((scope, key), (None, None))
        return None if stored is None or (expires is not None and expires <= self._now) else stored

    async def answered(self, scope: str, key: str) -> StoredAnswer | None:
        return self._answer(scope, key)

    async def owner_of(self, kind: str, key: str) -> UUID | None:
        return self.claims.get((kind, key))

    async def history(self, stream: Stream, *, after: int = 0, limit: int = 1000) -> Sequence[Recorded]:
        return self._streams[stream][after : after + limit]

    async def read(
        self,
        *,
        after: int,
        limit: int,
        types: Sequence[str] = (),
        kinds: Sequence[str] = (),
        upto: int | None = None,
    ) -> Sequence[Recorded]:
        found = [
            event
            for event in self.events[after:upto]
            if (not types or event.type in types) and (not kinds or event.stream.kind in kinds)
        ]
        return found[:limit]

    async def head(self) -> int:
        return len(self.events)

    async def version_at(self, stream: Stream, instant: datetime) -> int:
        position = max((event.position for event in self.events if event.recorded_at <= instant), default=0)
        return sum(event.position <= position for event in self._streams[stream])

    async def tail(self, after: int) -> AsyncIterator[Recorded]:
        while True:
            appended = self._appended
            for event in self.events[after:]:
                after = event.position
                yield event
            if after == len(self.events):
                await appended.wait()
