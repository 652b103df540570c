"""Revoke an API key."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from commands.handling import Decided, Done, settle
from commands.keys.rows import KeyEnded
from commands.origin import Origin
from commands.ports.event_store import Answer, EventStore, Save, Write
from domain.identity import Stream
from domain.keys import decisions
from domain.keys.state import fold


@dataclass(frozen=True, slots=True)
class RevokedKey:
    """A key that opens nothing any more, everywhere within two seconds."""

    key: UUID
    version: int


async def revoke_key(
    store: EventStore,
    origin: Origin,
    key: UUID,
    reason: str | None = None,
    *,
    answer: Callable[[RevokedKey], Answer | None] | None = None,
) -> Done[RevokedKey]:
    """Make a key stop working, for good; Rejected `not-found`."""

    async def decide() -> Decided[RevokedKey]:
        history = await store.load(Stream("key", key))
        facts = decisions.revoke(fold(history.facts), key, reason)
        revoked = RevokedKey(key, history.version + len(facts))
        if not facts:
            return Decided(None, revoked)
        return Decided(Save(origin, (Write(history, tuple(facts)),), rows=(KeyEnded(key),)), revoked)

    return await settle(store, origin, decide, answer)
