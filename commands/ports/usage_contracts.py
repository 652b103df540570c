"""The port to contracts with usage lines: whose purchases they may take, and when that changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ContractChange:
    """A change after which purchases may go elsewhere: of a contract's customers, or of what waits for an `entry` that
    is billed or otherwise done.
    """

    position: int
    customers: Sequence[str]
    entry: UUID | None = None


@dataclass(frozen=True, slots=True)
class WaitsFor:
    """An entry that is billed once the providers of its customers have sent theirs: those with usage from `first` to
    `last`, the cycle before, are waited for until an active invoice of theirs reaches the day `reach`.
    """

    entry: UUID
    customers: Sequence[str]
    first: date
    last: date
    reach: date


class UsageContracts(Protocol):
    """Found from the feed; can be made again from it."""

    async def of(self, customers: Sequence[str]) -> Mapping[str, Sequence[UUID]]:
        """Customer code -> its contracts with a usage line, ended ones included; customers without any are left out."""
        ...

    async def changed_since(self, position: int, limit: int) -> Sequence[ContractChange]:
        """Changes of such contracts after a position, in order."""
        ...

    async def missing_providers(self, wanted: Sequence[WaitsFor]) -> Mapping[UUID, Sequence[str]]:
        """Entry -> providers that are missing, by name; entries that miss none are left out."""
        ...
