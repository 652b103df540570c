"""The port to imports under way: who is at which, how their files were read, what providers listed when asked last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from commands.ports.event_store import Rows
from commands.ports.operations import Hold
from commands.ports.provider_files import MappingSource, OfferedInvoice, ProviderConnection
from commands.ports.reference import KnownProvider


@dataclass(frozen=True, slots=True)
class ImportRun:
    """An automatic import that has begun and not ended. `attempt` 0: none has begun; `losses` are of the attempt."""

    provider_invoice: UUID
    attempt: int
    losses: int


@dataclass(frozen=True, slots=True)
class HoldImport(Rows):
    """Rows of a save: it belongs to an import that the hold is at; something moved. OperationLost if it is not."""

    provider_invoice: UUID
    attempt: int
    hold: Hold
    at: datetime


@dataclass(frozen=True, slots=True)
class AwaitImport(Rows):
    """Rows of a save: it begins an attempt that an operation is to fill; if none does, it is seen to be stuck."""

    provider_invoice: UUID
    provider: str
    number: str
    attempt: int
    at: datetime


@dataclass(frozen=True, slots=True)
class EndImport(Rows):
    """Rows of a save: the import ended with it, whoever was at it."""

    provider_invoice: UUID


@dataclass(frozen=True, slots=True)
class KeepMapping(Rows):
    """Rows of a save: how a file is read, by the name that its events have for it; a name is kept once."""

    name: str
    mapping: MappingSource
    split: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class ProviderList:
    """What a provider listed. `problem`: why asking failed at `asked_at`; then `invoices` are those of before."""

    asked_at: datetime
    invoices: Sequence[OfferedInvoice] | None
    problem: str | None


class Imports(Protocol):
    """Imports in one place for all processes. Leases are kept by the store's own clock, `renew`ed with the operation.

    Saves write through `AwaitImport`, `HoldImport`, `EndImport` and `KeepMapping`.
    """

    async def begin(
        self, invoice: UUID, provider: str, number: str, hold: Hold, lease_seconds: float, now: datetime
    ) -> ImportRun | None:
        """Take the invoice's import, or take it up; None while another operation is at it."""
        ...

    async def leave(self, invoice: UUID, hold: Hold, *, lost: bool = False) -> None:
        """Let others take it up; `lost`: as if the worker had died in it. Nothing when it ended or is another's."""
        ...

    async def forget(self, invoice: UUID) -> None:
        """It is over, or never began."""
        ...

    async def idle_since(self, before: datetime) -> Sequence[ImportRun]:
        """Imports in which nothing moved since an instant."""
        ...

    async def mapping(self, name: str) -> tuple[MappingSource, Mapping[str, tuple[str, ...]]] | None:
        """How a file was read, by its name."""
        ...

    async def put_list(self, provider: str, asked: ProviderList) -> None:
        """Remember what a provider answered; without invoices, those of before stay."""
        ...

    async def last_list(self, provider: str) -> ProviderList | None:
        """What it answered last; None: it was never asked."""
        ...


class Connections(Protocol):
    """Connections of automatic providers."""

    def of(self, provider: KnownProvider) -> ProviderConnection:
        """The provider's; Rejected `provider-not-automatic` when it has none."""
        ...
