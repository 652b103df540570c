"""The port to API keys as every request looks them up."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.permissions import Role


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key that was made once: whether it still opens anything is the reader's question."""

    key: UUID
    subject: str
    roles: frozenset[Role]
    delegate: bool
    expires_at: datetime | None
    revoked: bool


class Keys(Protocol):
    """All keys by the SHA-256 of their secret (hex). A revocation is known everywhere within two seconds."""

    async def find(self, secret_sha256: str) -> KnownKey | None:
        """The key; None when no such one was ever made."""
        ...
