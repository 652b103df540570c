"""Opens personal fields of reference data when it is queried, so that destroying a key takes effect at once."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from adapters.event_store.personal import ERASED, Fields, decrypt, key_of, personal_shape, replace_texts, texts
from commands.ports.key_vault import KeyVault
from domain.reference.bodies import CustomerBody

Body = dict[str, Any]

SHAPES: Final[Mapping[str, Fields | None]] = {"customer": personal_shape(CustomerBody)}
"""Where the bodies of a kind have personal fields."""


A_PAGE: Final = 500
"""Texts that are opened at once without a thread: under a millisecond or two."""


class Revealer:
    """Decrypts bodies and texts. Without a vault everything personal reads `[erased]`."""

    def __init__(self, vault: KeyVault | None) -> None:
        self._vault = vault

    async def bodies(self, kind: str, bodies: list[Body]) -> list[Body]:
        """Bodies of one kind with their personal fields open."""
        shape = SHAPES.get(kind)
        if shape is None:
            return bodies
        secrets = await self._secrets(text for body in bodies for text in texts(body, shape))
        return [replace_texts(body, shape, lambda text: decrypt(text, secrets)) for body in bodies]

    async def texts(self, stored: list[str | None]) -> list[str | None]:
        """Personal texts, open."""
        secrets = await self._secrets(text for text in stored if text is not None)
        if len(stored) <= A_PAGE:
            return _opened(stored, secrets)
        return await asyncio.to_thread(_opened, stored, secrets)

    async def _secrets(self, stored: Iterable[str]) -> Mapping[UUID, bytes]:
        needed = {key for text in stored if (key := key_of(text)) is not None}
        if not needed or self._vault is None:
            return {}
        return await asyncio.to_thread(self._vault.secrets, needed)


def _opened(stored: list[str | None], secrets: Mapping[UUID, bytes]) -> list[str | None]:
    return [None if text is None else decrypt(text, secrets) for text in stored]


__all__ = ["ERASED", "Revealer"]
