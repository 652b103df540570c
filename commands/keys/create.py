"""Make an API key."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from commands.handling import Decided, Done, settle
from commands.keys.rows import KeyMade
from commands.keys.secret import digest_of, secret_of
from commands.origin import Origin
from commands.ports.event_store import Answer, Conflict, EventStore, Save, Write
from domain.identity import Stream, id_for
from domain.keys import decisions
from domain.keys.state import fold
from domain.operations.events import KeyCreated

FIRST_KEY: Final = Stream("key", id_for("key", "first"))
"""The stream of the key that an empty store begins with: one name, so that of many processes one makes it."""


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A new key. `secret` is known now and never again."""

    key: UUID
    version: int
    subject: str
    roles: tuple[str, ...]
    secret: str


async def create_key(
    store: EventStore,
    origin: Origin,
    *,
    subject: str,
    roles: Sequence[str],
    entropy: bytes,
    delegate: bool = False,
    expires_at: datetime | None = None,
    stream: Stream | None = None,
    answer: Callable[[MadeKey], Answer | None] | None = None,
) -> Done[MadeKey]:
    """Make a key out of 32 random bytes; Rejected as `domain.keys.decisions.create`. The same bytes make it once.

    An `answer` must not hold the secret: answers are stored.
    """
    secret = secret_of(entropy)
    digest = digest_of(secret)
    at = stream or Stream("key", id_for("key", digest))

    async def decide() -> Decided[MadeKey]:
        history = await store.load(at)
        facts = decisions.create(
            fold(history.facts),
            key=at.id,
            subject=subject,
            roles=roles,
            delegate=delegate,
            expires_at=expires_at,
            secret_sha256=digest,
            now=origin.now,
        )
        made = MadeKey(at.id, history.version + len(facts), subject, tuple(roles), secret)
        if not facts:
            return Decided(None, made)
        rows = tuple(KeyMade(fact) for fact in facts if isinstance(fact, KeyCreated))
        return Decided(Save(origin, (Write(history, tuple(facts)),), rows=rows), made)

    return await settle(store, origin, decide, answer)


async def make_first_key(store: EventStore, origin: Origin, entropy: bytes) -> MadeKey | None:
    """On a store that never had a key, the one admin key, to be printed once; else None.

    Any number of processes may start at once: one makes it, the others get None. A store without a key need not be
    empty: the scheduler of a first start may record a run before the API comes to this. Asked again with the same
    32 bytes, whoever made it gets it again: the answer of the first time may have been lost.
    """
    secret = secret_of(entropy)
    created = KeyCreated(
        key=FIRST_KEY.id,
        subject="admin",
        roles=("admin",),
        delegate=False,
        expires_at=None,
        secret_sha256=digest_of(secret),
    )
    made = MadeKey(FIRST_KEY.id, 1, "admin", ("admin",), secret)
    if known := await store.read(after=0, limit=1, types=(KeyCreated.type,)):
        return made if known[0].fact == created else None
    history = await store.load(FIRST_KEY)
    if history.version:
        return None
    try:
        await store.append(Save(origin, (Write(history, (created,)),), rows=(KeyMade(created),)))
    except Conflict:
        return None
    return made
