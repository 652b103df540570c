"""Facts of a customer invoice: a storage format, frozen once published."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from domain.customer_invoice.snapshot import CustomerSnapshot
from domain.fact import Fact, Part, PersonalText
from domain.usage_offer.events import LineRange
from domain.wire import Exact, ExactProduct

InvoiceType = Literal["periodical", "ad_hoc", "contract"]


class CustomerInvoiceFact(Fact):
    """The invoice's human names ride in every fact."""

    customer: str
    reference: str

    def data_subject(self) -> str | None:
        """Comments and the customer's name are encrypted under the customer's key."""
        return f"customer/{self.customer}"


class ContractItem(Part):
    """What one line of a contract comes to, rounded: decided by the billing, and part of every calculation since.

    `cycle`: the first day of the one that it is for; None: milestones or transactions. `negation`: what an approved
    invoice bills of it, taken back; `usage`: purchases of that one at today's prices.
    """

    line: str
    kind: Literal["subscription", "fixed_price", "time_and_material", "correction", "usage", "negation"]
    amount: Exact
    cost: ExactProduct | None = None
    cycle: date | None = None
    product: str | None = None
    subscription: str | None = None
    sources: int = 0
    """Segments, milestones or transactions."""


class ContractSource(Part):
    """What a contract's invoice bills: as of its invoice date, of these schedule entries. `number`: of those to this
    customer with this date, from 1. `version`: of the contract's stream. `approval`: as the contract says it.
    """

    contract: str
    contract_id: UUID
    version: int
    number: int
    entries: tuple[UUID, ...]
    items: tuple[ContractItem, ...]
    replaces: tuple[UUID, ...] = ()
    """Earlier invoices of this customer for the same entries, whose place it takes or that it corrects."""
    approval: Literal["manual", "automatic"] = "manual"


class CustomerInvoiceCreated(CustomerInvoiceFact):
    """An invoice began, `pending`."""

    type: ClassVar[str] = "customer-invoice.created"
    customer_id: UUID
    invoice_type: InvoiceType
    invoice_date: date
    period_from: date
    period_to: date
    currency: str
    contract: ContractSource | None = None


class ContractItemsRecomputed(CustomerInvoiceFact):
    """A contract's invoice is recalculated: what the lines come to with the contract at `version`, in place of what
    they did. The entries, and what was taken once, are the same.
    """

    type: ClassVar[str] = "customer-invoice.items-recomputed"
    version: int
    items: tuple[ContractItem, ...]


class PurchaseSource(Part):
    """Where a batch of purchases comes from: lines of one offer of a provider invoice."""

    offer: UUID
    provider_invoice: UUID
    provider: str
    invoice_number: str
    attempt: int
    ranges: tuple[LineRange, ...]


class PostedSource(Part):
    """Where a batch of purchases comes from: rows of the purchase store that carry this batch's id.

    `ranges` are sequence numbers of the store and speak of rows of this batch only; empty: all of the batch.
    `without`: of a batch that comes from another invoice, the rows that had left before; count and cost of the fact are
    without them, its digest is that of all rows that ever were in the batch.
    """

    batch: UUID
    ranges: tuple[LineRange, ...] = ()
    without: tuple[LineRange, ...] = ()


class PurchasesAdded(CustomerInvoiceFact):
    """A batch of at most 10,000 purchases arrived. `cost` is the sum of the known costs, in `currency`.

    `digest`: of offered lines SHA-256 over their `number,cost` rows, of posted purchases over their `id,digest` rows.
    """

    type: ClassVar[str] = "customer-invoice.purchases-added"
    source: PurchaseSource | PostedSource
    lines: int
    cost: Exact
    currency: str
    digest: str
    without_cost: int = 0


class PurchasesRemoved(CustomerInvoiceFact):
    """Purchases left the invoice."""

    type: ClassVar[str] = "customer-invoice.purchases-removed"
    source: PurchaseSource | PostedSource
    lines: int
    cost: Exact
    currency: str
    reason: str


class CustomerInvoiceChanged(CustomerInvoiceFact):
    """Something its totals depend on changed: it is `pending` again."""

    type: ClassVar[str] = "customer-invoice.changed"
    cause: str


class CostSum(Part):
    """Costs in one currency."""

    currency: str
    cost: Exact


class CustomerInvoiceClosed(CustomerInvoiceFact):
    """Final: never sent, no number. Written off: its purchases, their cost, and what they would have brought.

    `cost` is what is in the invoice's currency; `costs` has the sum of each currency, that one too.
    """

    type: ClassVar[str] = "customer-invoice.closed"
    reason: str
    lines: int
    cost: Exact
    revenue_total: Exact | None = None
    closed_by: str | None = None
    costs: tuple[CostSum, ...] = ()
    snapshot: CustomerSnapshot | None = None
    """The customer as at closing."""


class CustomerInvoiceDeleted(CustomerInvoiceFact):
    """Tombstone; what it had taken is free again."""

    type: ClassVar[str] = "customer-invoice.deleted"
    reason: str


class CustomerInvoiceSuperseded(CustomerInvoiceFact):
    """A newer invoice has taken over all that it held: it can only be closed or deleted, and keeps items and totals."""

    type: ClassVar[str] = "customer-invoice.superseded"
    by: UUID
    by_reference: str
    reason: str


class CustomerInvoiceRestored(CustomerInvoiceFact):
    """The invoice that had taken its place was deleted: `pending` again. What comes back to it follows as added."""

    type: ClassVar[str] = "customer-invoice.restored"
    deleted: UUID
    deleted_reference: str
    reason: str


class CustomerInvoiceCommented(CustomerInvoiceFact):
    """Somebody said something about it; possible at any time before it is final."""

    type: ClassVar[str] = "customer-invoice.commented"
    number: int
    """Of the comment, from 1."""
    author: str
    comment: PersonalText
