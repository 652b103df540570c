"""The row that every request looks up, written in the transaction of the key's events."""

from dataclasses import dataclass
from uuid import UUID

from commands.ports.event_store import Rows
from domain.operations.events import KeyCreated


@dataclass(frozen=True, slots=True)
class KeyMade(Rows):
    """A key opens from now on."""

    created: KeyCreated


@dataclass(frozen=True, slots=True)
class KeyEnded(Rows):
    """A key opens nothing any more."""

    key: UUID
