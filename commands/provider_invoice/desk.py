"""What the commands on provider invoices need, and what they answer."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

from commands.ports.event_store import Answer, EventStore, History
from commands.ports.line_store import LineStore
from commands.ports.provider_files import ProviderFileReader
from commands.ports.raw_files import RawFiles
from commands.ports.reference import KnownProvider, Reference
from commands.ports.usage_due import UsageDue
from domain.identity import Stream
from domain.provider_invoice.actions import NOTHING_USED, Usage
from domain.provider_invoice.checksum import OVERRIDE_LIMIT
from domain.provider_invoice.state import ProviderInvoice, fold
from domain.rejected import Rejected

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class InvoiceDesk:
    """The ports. `override_limit` is the deployment's: 0.50 at most. `max_upload` bounds one upload, in bytes."""

    store: EventStore
    lines: LineStore
    reference: Reference
    files: RawFiles
    reader: ProviderFileReader
    due: UsageDue
    override_limit: Decimal = OVERRIDE_LIMIT
    max_upload: int = 8 * 1024**3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a provider invoice. `version` is its stream's, for `ETag`; `changed` is False for a repeat."""

    id: UUID
    version: int
    state: ProviderInvoice
    created: bool = False
    changed: bool = True
    operation: UUID | None = None
    """The long work that goes on behind the answer, if there is some."""
    usage: Usage = NOTHING_USED
    """What has become of its usage, where it is active."""


Answering: TypeAlias = "Callable[[Outcome], Answer | None] | None"
"""Renders what the caller is told, when the caller gave an idempotency key."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A provider invoice that is there."""

    history: History
    state: ProviderInvoice

    @property
    def id(self) -> UUID:
        """Its id."""
        return self.history.stream.id


def stream_of(invoice: UUID) -> Stream:
    """The stream of a provider invoice by its id."""
    return Stream("provider-invoice", invoice)


async def load(desk: InvoiceDesk, invoice: UUID, *, to_version: int | None = None) -> Loaded:
    """The invoice; Rejected `provider-invoice-missing` when there is none with this id."""
    history = await desk.store.load(stream_of(invoice), to_version=to_version)
    state = fold(history.facts)
    if state is None:
        raise Rejected("provider-invoice-missing", f"There is no provider invoice {invoice}.", kind="missing")
    return Loaded(history, state)


async def provider_of(desk: InvoiceDesk, code: str, *, as_seen: bool = False) -> KnownProvider:
    """The provider; Rejected `provider-missing` when there is none in use with this code.

    `as_seen`: as it may have been some time ago, for a save that expects that it is still so.
    """
    known = await (desk.reference.provider_as_seen(code) if as_seen else desk.reference.provider(code))
    if known is None:
        raise Rejected("provider-missing", f"There is no provider {code[:64]!r} in use: save it first.", kind="invalid")
    return known


def unwritten(stream: Stream) -> History:
    """The history of a stream that is new."""
    return History(stream=stream, facts=(), version=0, head_hash=GENESIS, position=0)
