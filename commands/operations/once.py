"""A fact that is written once, however often its worker was lost."""

from collections.abc import Callable

from commands.handling import Decided, settle
from commands.origin import Origin
from commands.ports.event_store import EventStore, Save, Write
from domain.fact import Fact
from domain.identity import Stream


async def write_once(
    store: EventStore, origin: Origin, stream: Stream, fact: Fact, alike: Callable[[Fact], bool]
) -> None:
    """Write the fact unless the stream has one that is `alike`."""

    async def decide() -> Decided[None]:
        history = await store.load(stream)
        known = any(alike(other) for other in history.facts)
        return Decided(None if known else Save(origin, (Write(history, (fact,)),)), None)

    await settle(store, origin, decide)
