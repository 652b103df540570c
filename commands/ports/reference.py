"""The port to reference data as commands need it: present bodies, read in one round trip."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

from domain.reference.bodies import ProviderBody


@dataclass(frozen=True, slots=True)
class KnownProvider:
    """A provider in force, with the version of its body."""

    id: UUID
    version: int
    body: ProviderBody


class Reference(Protocol):
    """Present reference data, read from its aggregates: never behind a command that was answered."""

    async def provider(self, code: str) -> KnownProvider | None:
        """A provider that is not retired."""
        ...

    async def providers(self) -> Sequence[KnownProvider]:
        """All providers that are not retired, by code."""
        ...

    async def customer_names(self, codes: Sequence[str]) -> Mapping[str, str]:
        """Code -> name of those customers that exist."""
        ...

    async def billed_from(self, codes: Sequence[str]) -> Mapping[str, date]:
        """Code -> the day from which a customer is billed, of those customers that have one."""
        ...
