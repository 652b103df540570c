"""Small stand-ins for ports of the reference data commands, and a desk on the record in memory."""

import itertools
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from adapters.event_store.codec import Codec
from commands.ports.key_vault import SubjectKey
from commands.ports.templates import Text
from commands.reference.desk import Desk
from tests.support.memory_store import MemoryEventStore


class NoTemplates:
    """Takes every template as it is."""

    def check(self, template: Text, names: Mapping[str, Any]) -> None:
        pass

    def render(self, template: Text, data: Mapping[str, Any]) -> Text:
        return template


class PlainVault:
    """Keys in a dictionary."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._keys: dict[str, SubjectKey] = {}

    def key_for(self, subject: str) -> SubjectKey:
        if subject not in self._keys:
            number = next(self._numbers)
            self._keys[subject] = SubjectKey(UUID(int=number), number.to_bytes(32, "big"))
        return self._keys[subject]

    def secrets(self, ids: Collection[UUID]) -> Mapping[UUID, bytes]:
        return {key.id: key.secret for key in self._keys.values() if key.id in ids}

    async def erase(self, subject: str) -> bool:
        return self._keys.pop(subject, None) is not None


class Kept:
    """A law that needs these invoices."""

    def __init__(self, *invoices: str) -> None:
        self.invoices = invoices

    async def needed_for(self, customer: str, today: date) -> Sequence[str]:
        return self.invoices


def memory_desk() -> Desk:
    """A desk whose record is in memory, with keys for personal fields."""
    return Desk(MemoryEventStore(Codec(PlainVault())), NoTemplates())
