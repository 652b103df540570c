"""Facts of a provider invoice: a storage format, frozen once published."""

from datetime import date
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from domain.fact import Fact, Part
from domain.provider_invoice.parts import (
    ErrorReason,
    FileRef,
    Header,
    LineSums,
    MissingReference,
    PartRef,
    Totals,
)
from domain.wire import Exact

Source = Literal["automatic", "manual"]


class ProviderInvoiceFact(Fact):
    """Both names of the invoice ride in every fact, so that no second one is needed to apply it."""

    provider: str
    invoice_number: str
    attempt: int


class PopulationStarted(ProviderInvoiceFact):
    """An attempt began. `carried` are parts of the attempt before that this one keeps as they are."""

    type: ClassVar[str] = "provider-invoice.population-started"
    source: Source
    revision: str | None = None
    header: Header
    files: tuple[FileRef, ...] = ()
    carried: tuple[PartRef, ...] = ()
    adjusts: UUID | None = None
    adjusts_number: str | None = None
    adjusts_total: Exact | None = None
    """An adjustment's: the corrected invoice's whole total, with which that one's lines are compared."""


class LinesPopulated(ProviderInvoiceFact):
    """One chunk of at most 10,000 lines is in the line store; `complete` closes its part."""

    type: ClassVar[str] = "provider-invoice.lines-populated"
    part: str
    population: int
    chunk: int
    first_line: int
    last_line: int
    sums: LineSums
    currencies: tuple[str, ...]
    digest: str
    file_sha256: str | None = None
    mapping: str | None = None
    left_out: int = 0
    """Rows that the file has and this part has not, stated when it is complete: other roles, other splits."""
    complete: bool


class PartRemoved(ProviderInvoiceFact):
    """A part no longer counts, because it was removed or is about to be replaced."""

    type: ClassVar[str] = "provider-invoice.part-removed"
    part: str
    rows: int
    replaced: bool = False


class HeaderCorrected(ProviderInvoiceFact):
    """The header was typed in anew, or the provider corrected it while its files stayed what they were."""

    type: ClassVar[str] = "provider-invoice.header-corrected"
    header: Header
    before: Header
    adjusts_total: Exact | None = None
    """An adjustment's: the corrected invoice's whole total from now on."""


class ReferencesUnresolved(ProviderInvoiceFact):
    """The references check failed; the biggest are named here, all of them are in `errors.csv`."""

    type: ClassVar[str] = "provider-invoice.references-unresolved"
    missing: int
    lines: int
    amount: Exact
    currency: str
    biggest: tuple[MissingReference, ...]
    message: str


class ChecksumFailed(ProviderInvoiceFact):
    """The lines' grand sum is not the header total; `difference` is lines minus header, rounded."""

    type: ClassVar[str] = "provider-invoice.checksum-failed"
    totals: Totals
    difference: Exact
    can_be_overridden: bool
    message: str


class ChecksumOverridden(ProviderInvoiceFact):
    """A person waived the checksum of this attempt; never the references."""

    type: ClassVar[str] = "provider-invoice.checksum-overridden"
    totals: Totals
    difference: Exact
    reason: str


class ImportFailed(ProviderInvoiceFact):
    """No import: a file unreadable, another currency, cancelled, lost three times, or stuck."""

    type: ClassVar[str] = "provider-invoice.import-failed"
    code: str
    message: str


class ImportRetried(ProviderInvoiceFact):
    """Another try of the same attempt on the stored lines ended where it was: all that fails now."""

    type: ClassVar[str] = "provider-invoice.import-retried"
    tries: int
    reasons: tuple[ErrorReason, ...]
    messages: tuple[str, ...]
    missing: int = 0
    difference: Exact | None = None
    revision: str | None = None
    code: str | None = None
    """Code of the import failure, where `reasons` has one."""


class CustomerTotals(Part):
    """What an attempt holds for one customer."""

    customer: str
    lines: int
    cost: Exact
    offered_lines: int
    offered_cost: Exact


class Activated(ProviderInvoiceFact):
    """Imported: its references are resolved for good and its usage is offered to its customers.

    `customers` lists at most 500, the largest first; `customer_count` counts all, and each has an offer of its own.
    """

    type: ClassVar[str] = "provider-invoice.activated"
    header: Header
    totals: Totals
    checksum_difference: Exact
    rows: int
    excluded_rows: int
    excluded_cost: Exact = Decimal(0)
    """Cost of the `excluded_rows`: lines of customers that are not resold, so that no offer can hold them."""
    customer_count: int
    customers: tuple[CustomerTotals, ...]
    resolution: str
    """SHA-256 over the resolved references as stored with the attempt."""
    revision: str | None = None
    adjusts: UUID | None = None


class ChangeReported(ProviderInvoiceFact):
    """The provider now reports another revision or total for an active invoice."""

    type: ClassVar[str] = "provider-invoice.change-reported"
    imported_revision: str | None
    imported_total: Exact
    revision: str | None
    total: Exact
    currency: str
    message: str
    listed_currency: str | None = None
    """The currency of `total`, where the provider now reports another one than `currency`."""


class ChangeAcknowledged(ProviderInvoiceFact):
    """A person took note; the change is no problem any more."""

    type: ClassVar[str] = "provider-invoice.change-acknowledged"
    revision: str | None
    total: Exact
    reason: str | None = None


class ChangeWithdrawn(ProviderInvoiceFact):
    """The provider reports again what was imported."""

    type: ClassVar[str] = "provider-invoice.change-withdrawn"
    revision: str | None
    total: Exact


class Adjusted(ProviderInvoiceFact):
    """The difference to what the provider now reports is a provider invoice of its own."""

    type: ClassVar[str] = "provider-invoice.adjusted"
    adjustment: UUID
    adjustment_number: str
    revision: str | None
    total: Exact


class ChangeReopened(ProviderInvoiceFact):
    """An adjustment is deleted: what the provider reports is not billed, and a problem again.

    What is imported is the state before that adjustment; later changes and adjustments are settled no more either.
    """

    type: ClassVar[str] = "provider-invoice.change-reopened"
    adjustment: UUID
    adjustment_number: str
    imported_revision: str | None
    imported_total: Exact
    revision: str | None
    total: Exact
    currency: str
    message: str
    listed_currency: str | None = None


class Deactivated(ProviderInvoiceFact):
    """Taken out on purpose so that it can be synced again; all offers of the attempt are withdrawn."""

    type: ClassVar[str] = "provider-invoice.deactivated"
    reason: str
    withdrawn_lines: int


class Deleted(ProviderInvoiceFact):
    """Tombstone: only a manual sync or creating it again brings it back, as the next attempt."""

    type: ClassVar[str] = "provider-invoice.deleted"
    reason: str
    withdrawn_lines: int


class ProviderTotals(Part):
    """A provider's view of one invoice, as listed."""

    total: Exact
    revision: str | None = None
    invoice_date: date | None = None
