"""Facts of operations: a storage format, frozen once published."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from domain.fact import Fact, Part
from domain.wire import Exact, Instant

Role = Literal["viewer", "operator", "approver", "auditor", "admin"]


class SyncFact(Fact):
    """A sync: of one provider by hand, or of all of a day. Stream `provider-sync/ID`."""

    sync: UUID
    day: date
    provider: str | None
    manual: bool


class ProviderSyncStarted(SyncFact):
    """A sync began."""

    type: ClassVar[str] = "provider-sync.started"
    invoice_number: str | None = None


class ProviderListFailed(SyncFact):
    """A provider's list of invoices could not be fetched; the other providers go on."""

    type: ClassVar[str] = "provider-sync.list-failed"
    message: str


class SyncResult(Part):
    """What a sync did with one invoice."""

    provider: str
    invoice_number: str
    provider_invoice: UUID
    outcome: Literal["imported", "failed", "changed", "change_withdrawn", "unchanged", "refused"]
    detail: str | None = None


class ProviderSyncEnded(SyncFact):
    """A sync ended; `results` names at most 500 invoices on which something happened."""

    type: ClassVar[str] = "provider-sync.ended"
    imported: int
    failed: int
    changed: int
    unchanged: int
    results: tuple[SyncResult, ...]


class CurrencyTotal(Part):
    """A sum per currency."""

    currency: str
    total: Exact
    invoices: int


class SummaryFailure(Part):
    """An invoice that did not import, and why."""

    provider_invoice: UUID
    invoice_number: str
    reasons: tuple[str, ...]
    messages: tuple[str, ...]


class SummaryChange(Part):
    """An invoice that its provider changed after the import."""

    provider_invoice: UUID
    invoice_number: str
    imported_total: Exact
    reported_total: Exact
    currency: str


class ProviderSummary(Part):
    """One provider's day."""

    provider: str
    succeeded: int
    failed: tuple[SummaryFailure, ...]
    changed: tuple[SummaryChange, ...]
    list_failures: tuple[str, ...]
    totals: tuple[CurrencyTotal, ...]


class ImportSummaryBuilt(Fact):
    """The day's imports, provider by provider: the basis of the mail. Stream `import-summary/DAY`."""

    type: ClassVar[str] = "import-summary.built"
    day: date
    zone: str
    message_id: str
    providers: tuple[ProviderSummary, ...]


class ImportSummarySent(Fact):
    """The summary's mail was accepted by the mail server."""

    type: ClassVar[str] = "import-summary.sent"
    day: date
    message_id: str
    to: int


class ImportSummaryFailed(Fact):
    """The summary's mail could not be handed over; it is tried again."""

    type: ClassVar[str] = "import-summary.failed"
    day: date
    message_id: str
    tries: int
    message: str


class NoticeSent(Fact):
    """A notice was mailed. Stream `notice/ID`."""

    type: ClassVar[str] = "notice.sent"
    template: str
    subject: str
    """`kind/id` of what it is about."""
    name: str
    message_id: str
    to: int


class NoticeFailed(Fact):
    """A notice could not be mailed, or has no recipient: kept, and a problem."""

    type: ClassVar[str] = "notice.failed"
    template: str
    subject: str
    name: str
    message_id: str
    tries: int
    message: str


class KeyCreated(Fact):
    """An API key: only the SHA-256 of its secret is kept."""

    type: ClassVar[str] = "key.created"
    key: UUID
    subject: str
    roles: tuple[Role, ...]
    delegate: bool
    expires_at: Instant | None
    secret_sha256: str


class KeyRevoked(Fact):
    """An API key stopped working."""

    type: ClassVar[str] = "key.revoked"
    key: UUID
    subject: str
    reason: str | None = None
