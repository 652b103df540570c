"""The port to the record: streams of facts, and everything that is decided in one transaction with them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from commands.origin import Origin
from domain.fact import Fact
from domain.identity import Stream


@dataclass(frozen=True, slots=True)
class Recorded:
    """A stored event. `data` are the stored bytes (with ciphertext), `fact` is decoded, decrypted, upcast.

    `position` is global, grows, has gaps; `version` is the stream's, from 1, without gaps. Hashes are hex SHA-256;
    the first event of a stream has 64 zeros as `previous_hash`.
    """

    position: int
    stream: Stream
    version: int
    record_key: UUID
    event_id: UUID
    type: str
    schema_version: int
    fact: Fact
    data: bytes
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
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class History:
    """A stream as loaded: what was stored in it, and what its next append must expect."""

    stream: Stream
    facts: tuple[Fact, ...]
    version: int
    head_hash: str
    """Hash of the last event; 64 zeros for a stream that is not there."""
    position: int
    """Position of the last event; 0 for a stream that is not there."""


@dataclass(frozen=True, slots=True)
class Write:
    """Facts for one stream, to follow what `after` saw. `record_key`: the topic's key when not the stream's id.

    Without facts it only expects that the stream is still as it was seen: a Conflict when it is not.
    """

    after: History
    facts: tuple[Fact, ...]
    record_key: UUID | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A unique name taken for a stream (`take=True`) or given back. Taking what one's own stream holds is no error."""

    kind: str
    key: str
    owner: UUID
    take: bool = True


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """Scope is subject + method + path; `digest` the SHA-256 of the request. `forever`: a money command's."""

    scope: str
    key: str
    digest: str
    forever: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What the first caller was told: kept under the key in the transaction of the events, and told again.

    `body` lacks `position`, which only the append knows; it is stored beside and put in on reading.
    """

    key: IdempotencyKey
    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer as stored, with the position its command reached."""

    digest: str
    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str]
    position: int


class Rows(Protocol):
    """Rows that belong to a save: a frozen value whose class the adapter has a writer for (lines, operation items)."""


@dataclass(frozen=True, slots=True)
class Save:
    """All that one command decided; it is stored as a whole or not at all.

    A save without `rows` rides in a group with those of other callers; one with `rows` has a transaction of its
    own: rows first, then the order lock, events last.
    """

    origin: Origin
    writes: tuple[Write, ...]
    claims: tuple[Claim, ...] = ()
    answer: Answer | None = None
    rows: tuple[Rows, ...] = ()


@dataclass(frozen=True, slots=True)
class Appended:
    """Where a save ended: the position of its last event (0 when it had none)."""

    position: int


class Conflict(Exception):
    """A stream moved on since it was loaded: decide again. Nothing of the save was stored."""

    def __init__(self, stream: Stream) -> None:
        super().__init__(f"{stream} was changed by another command at the same time")
        self.stream = stream


class ClaimTaken(Exception):
    """A unique name belongs to another aggregate. Nothing of the save was stored."""

    def __init__(self, kind: str, key: str, owner: UUID) -> None:
        super().__init__(f"{kind} {key!r} belongs to {owner}")
        self.kind = kind
        self.key = key
        self.owner = owner


class AlreadyAnswered(Exception):
    """The idempotency key was used by a command that committed first; nothing of this save was stored."""

    def __init__(self, stored: StoredAnswer) -> None:
        super().__init__("the idempotency key was used before")
        self.stored = stored


class StoreUnavailable(Exception):
    """The store can't be reached, or is closing. The message says whether the save may have been stored all the same:
    then only asking again with the same idempotency key (or looking) is safe.
    """


class EventStore(Protocol):
    """Streams of facts on a durable store; one total order, one transaction a save."""

    async def load(self, stream: Stream, *, to_version: int | None = None) -> History:
        """A stream's facts, all of them or up to a version; version 0 and no facts when it is not there."""
        ...

    async def load_many(self, streams: Sequence[Stream]) -> Mapping[Stream, History]:
        """Several streams in one round trip."""
        ...

    async def load_by_key(self, record_key: UUID, kind: str) -> Sequence[History]:
        """All streams of a kind under one record key, such as the usage offers of a provider invoice."""
        ...

    async def load_by_keys(self, record_keys: Sequence[UUID], kind: str) -> Mapping[UUID, Sequence[History]]:
        """The same for many keys in two round trips, but for streams whose id is the key; keys without any are left
        out.
        """
        ...

    async def load_having(
        self, record_key: UUID, kind: str, types: Sequence[str], *, after: Stream | None = None, limit: int = 100
    ) -> Sequence[History]:
        """So many of these streams, in order of their ids after one, that hold an event of one of these types."""
        ...

    async def append(self, save: Save) -> Appended:
        """Store a save durably; Conflict, ClaimTaken or AlreadyAnswered when it can't be."""
        ...

    async def answered(self, scope: str, key: str) -> StoredAnswer | None:
        """The answer stored under an idempotency key, unless it has expired."""
        ...

    async def owner_of(self, kind: str, key: str) -> UUID | None:
        """Who holds a unique name."""
        ...

    async def history(self, stream: Stream, *, after: int = 0, limit: int = 1000) -> Sequence[Recorded]:
        """Stored events of a stream above a version, with their envelopes."""
        ...

    async def read(
        self,
        *,
        after: int,
        limit: int,
        types: Sequence[str] = (),
        kinds: Sequence[str] = (),
        upto: int | None = None,
    ) -> Sequence[Recorded]:
        """The feed: stored events above a position in order, with their envelopes."""
        ...

    async def head(self) -> int:
        """The position of the last event; 0 for an empty store. No later append gets a smaller one."""
        ...

    async def version_at(self, stream: Stream, instant: datetime) -> int:
        """The stream's version as of an instant: all positions up to the last one recorded by then."""
        ...

    def tail(self, after: int) -> AsyncIterator[Recorded]:
        """The feed from a position on, for ever: notifications are hints, polled behind."""
        ...
