"""The parts of a process that may be an empty store's first: with the admin key that such a store begins with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from commands.keys.create import MadeKey, make_first_key
from services.operator_origin import operator_origin
from services.settings import Settings
from services.wiring import Parts, open_parts


@asynccontextmanager
async def open_with_key(settings: Settings, entropy: bytes) -> AsyncIterator[tuple[Parts, MadeKey | None]]:
    """The parts, and the first key where the store had none; made of 32 random bytes, raises as `open_parts`.

    May be repeated with the same bytes: a key that was made without our hearing of it is given then.
    """
    async with open_parts(settings) as parts:
        yield parts, await make_first_key(parts.store, operator_origin(parts, "first-key"), entropy)
