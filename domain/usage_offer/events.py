"""Facts of a usage offer: a storage format, frozen once published. They ride on the provider-invoice topic."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from domain.fact import Fact, Part
from domain.wire import Exact

Exclusion = Literal["licence", "purchase", "tax", "credit", "not_resold", "before_bill_from"]


class ExcludedLines(Part):
    """Lines that are not billed on, by reason."""

    reason: Exclusion
    lines: int
    cost: Exact


class LineRange(Part):
    """Line numbers from `first` to `last`, both included; of the customer's offered lines only."""

    first: int
    last: int


class UsageOfferFact(Fact):
    """Names of the invoice and the customer ride in every fact."""

    provider_invoice: UUID
    provider: str
    invoice_number: str
    attempt: int
    customer: str
    currency: str


class UsageOffered(UsageOfferFact):
    """What is billable of this customer's lines, and what is excluded and why."""

    type: ClassVar[str] = "provider-invoice.usage-offered"
    lines: int
    cost: Exact
    digest: str
    """SHA-256 over the billable lines, one `number,cost` row each, in order of number."""
    excluded: tuple[ExcludedLines, ...] = ()
    included_from: date | None = None
    """Of lines that were excluded at the activation: the earlier day that the customer's `bill_from` was moved to."""


class UsageIncluded(UsageOfferFact):
    """Lines that were `before_bill_from` are no longer excluded: an offer of their own has them."""

    type: ClassVar[str] = "provider-invoice.usage-included"
    offer: UUID
    bill_from: date
    lines: int
    cost: Exact
    digest: str
    """As the other offer says it."""


class LinesInvoiced(UsageOfferFact):
    """A batch of at most 10,000 lines has one destination; the destination's stream says so in the same transaction."""

    type: ClassVar[str] = "provider-invoice.lines-invoiced"
    destination: UUID
    destination_kind: Literal["customer-invoice", "billing-schedule", "customer-inbox"]
    destination_name: str
    ranges: tuple[LineRange, ...]
    lines: int
    cost: Exact
    digest: str


class LinesReleased(UsageOfferFact):
    """Lines left a customer invoice; nothing takes them until they are offered again."""

    type: ClassVar[str] = "provider-invoice.lines-released"
    customer_invoice: UUID
    customer_invoice_name: str
    ranges: tuple[LineRange, ...]
    lines: int
    cost: Exact
    reason: str


class LinesReoffered(UsageOfferFact):
    """Released lines may be billed again."""

    type: ClassVar[str] = "provider-invoice.lines-reoffered"
    ranges: tuple[LineRange, ...]
    lines: int
    cost: Exact
    reason: str


class UsageWithdrawn(UsageOfferFact):
    """The provider invoice was deactivated or deleted: what was offered, waiting or released is withdrawn."""

    type: ClassVar[str] = "provider-invoice.usage-withdrawn"
    lines: int
    cost: Exact
