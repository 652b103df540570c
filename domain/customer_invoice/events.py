"""Facts of a customer invoice: a storage format, frozen once published."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from domain.fact import Fact, Part
from domain.usage_offer.events import LineRange
from domain.wire import Exact

InvoiceType = Literal["periodical", "ad_hoc", "contract"]


class CustomerInvoiceFact(Fact):
    """The invoice's human names ride in every fact."""

    customer: str
    reference: str


class CustomerInvoiceCreated(CustomerInvoiceFact):
    """An invoice began, `pending`."""

    type: ClassVar[str] = "customer-invoice.created"
    customer_id: UUID
    invoice_type: InvoiceType
    invoice_date: date
    period_from: date
    period_to: date
    currency: str


class PurchaseSource(Part):
    """Where a batch of purchases comes from: lines of one offer of a provider invoice."""

    offer: UUID
    provider_invoice: UUID
    provider: str
    invoice_number: str
    attempt: int
    ranges: tuple[LineRange, ...]


class PurchasesAdded(CustomerInvoiceFact):
    """A batch of at most 10,000 purchases arrived."""

    type: ClassVar[str] = "customer-invoice.purchases-added"
    source: PurchaseSource
    lines: int
    cost: Exact
    currency: str
    digest: str


class PurchasesRemoved(CustomerInvoiceFact):
    """Purchases left the invoice."""

    type: ClassVar[str] = "customer-invoice.purchases-removed"
    source: PurchaseSource
    lines: int
    cost: Exact
    currency: str
    reason: str


class CustomerInvoiceChanged(CustomerInvoiceFact):
    """Something its totals depend on changed: it is `pending` again."""

    type: ClassVar[str] = "customer-invoice.changed"
    cause: str


class CustomerInvoiceClosed(CustomerInvoiceFact):
    """Final: never sent, no number."""

    type: ClassVar[str] = "customer-invoice.closed"
    reason: str
    lines: int
    cost: Exact


class CustomerInvoiceDeleted(CustomerInvoiceFact):
    """Tombstone; what it had taken is free again."""

    type: ClassVar[str] = "customer-invoice.deleted"
    reason: str
