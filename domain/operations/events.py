"""Facts of operations: a storage format, frozen once published."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from domain.fact import Fact, Part
from domain.permissions import Role
from domain.wire import Exact, Instant


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
    """One provider's day. Lists may be cut short; the counts are of all."""

    provider: str
    succeeded: int
    failed: tuple[SummaryFailure, ...]
    failed_count: int
    changed: tuple[SummaryChange, ...]
    changed_count: int
    list_failures: tuple[str, ...]
    totals: tuple[CurrencyTotal, ...]


MailProblem = Literal["no_recipient", "template", "server", "refused"]
"""Why a mail is not out: nobody to send it to, a text that can't be rendered, a server away, a server that says no."""


class ImportSummaryBuilt(Fact):
    """The day's imports, provider by provider: the basis of the mail. Stream `import-summary/DAY`.

    `built_on` differs from `day` when it was caught up. `through` is the position up to which events were seen;
    `earlier` holds what ended on days before, after the summary before was built, so that all is told of in a mail.
    """

    type: ClassVar[str] = "import-summary.built"
    day: date
    zone: str
    message_id: str
    built_on: date
    through: int
    providers: tuple[ProviderSummary, ...]
    earlier: tuple[ProviderSummary, ...] = ()


class SummaryMailFact(Fact):
    """What became of the one mail of a day."""

    day: date
    message_id: str


class ImportSummarySending(SummaryMailFact):
    """A process is about to hand the mail over, until `until` at most: no other one tries meanwhile."""

    type: ClassVar[str] = "import-summary.sending"
    tries: int
    until: Instant


class ImportSummarySent(SummaryMailFact):
    """The summary's mail was accepted by the mail server, for `to` recipients."""

    type: ClassVar[str] = "import-summary.sent"
    to: int


class ImportSummaryFailed(SummaryMailFact):
    """The summary's mail is not out, a problem; tried again from `retry_at` on, None: given up."""

    type: ClassVar[str] = "import-summary.failed"
    tries: int
    reason: MailProblem
    message: str
    retry_at: Instant | None


class NoticeFact(Fact):
    """A notice: one mail about one thing. Stream `notice/ID`. `subject` is `kind/id` of what it is about."""

    template: str
    subject: str
    name: str
    message_id: str


class NoticeRaised(NoticeFact):
    """Something happened that people are told of; `values` are the figures of the text."""

    type: ClassVar[str] = "notice.raised"
    values: dict[str, str]


class NoticeSending(NoticeFact):
    """A process is about to hand the mail over, until `until` at most: no other one tries meanwhile."""

    type: ClassVar[str] = "notice.sending"
    tries: int
    until: Instant


class NoticeSent(NoticeFact):
    """The notice was accepted by the mail server, for `to` recipients."""

    type: ClassVar[str] = "notice.sent"
    to: int


class NoticeFailed(NoticeFact):
    """The notice is not out: kept, and a problem; tried again from `retry_at` on, None: given up."""

    type: ClassVar[str] = "notice.failed"
    tries: int
    reason: MailProblem
    message: str
    retry_at: Instant | None


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
