"""Small stand-ins for ports of the reference data commands, and a desk on the record in memory."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from adapters.event_store.codec import Codec
from commands.ports.templates import Text
from commands.reference.desk import Desk
from tests.support.memory_store import MemoryEventStore
from tests.support.memory_vault import MemoryKeyVault


class NoTemplates:
    """Takes every template as it is."""

    def check(self, template: Text, names: Mapping[str, Any]) -> None:
        pass

    def render(self, template: Text, data: Mapping[str, Any]) -> Text:
        return template


class Kept:
    """A law that needs these invoices."""

    def __init__(self, *invoices: str) -> None:
        self.invoices = invoices

    async def needed_for(self, customer: str, today: date) -> Sequence[str]:
        return self.invoices


def memory_desk() -> Desk:
    """A desk whose record is in memory, with keys for personal fields."""
    return Desk(MemoryEventStore(Codec(MemoryKeyVault())), NoTemplates())
