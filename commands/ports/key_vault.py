"""Port to the keys of data subjects: one living key a customer or person, kept outside the event store."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """A key as it is used: its name, which rides in the ciphertext, and its 32 bytes."""

    id: UUID
    secret: bytes = field(repr=False)


class VaultUnavailable(Exception):
    """The keys cannot be had now, or not with this master key; the message says which."""


class KeyVault(Protocol):
    """Keys by data subject (`kind/id`). A subject that was erased and is written about again gets a new key."""

    def key_for(self, subject: str) -> SubjectKey:
        """The subject's living key, made at its first use. Blocks when it is not cached: call it from a thread."""
        ...

    def keys_for(self, subjects: Collection[str]) -> Mapping[str, SubjectKey]:
        """The living keys of several subjects in one question, made where there is none. Blocks like `key_for`."""
        ...

    def secrets(self, ids: Collection[UUID]) -> Mapping[UUID, bytes]:
        """The keys with these names; one that is missing was destroyed. Blocks like `key_for`."""
        ...

    async def erase(self, subject: str) -> bool:
        """Destroy all keys of a subject; True when there was one.

        Here at once; another process that had used a key forgets it within `CACHE_SECONDS` of the adapter.
        """
        ...
