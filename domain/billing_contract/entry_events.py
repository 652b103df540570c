"""Facts of one schedule entry of a contract, a stream each: a storage format, frozen once published."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from domain.billing_contract.events import BillingContractFact
from domain.billing_contract.schedule import Kind
from domain.customer_invoice.events import PostedSource, PurchaseSource
from domain.fact import Part
from domain.usage_offer.events import LineRange
from domain.wire import Exact

Cause = Literal["run", "request", "generate", "bulk"]
"""The scheduled run, a run that was asked for, and generation by hand, of one contract or of many."""


class EntryRef(Part):
    """The entry that a fact is about: see `domain.billing_contract.schedule.Entry`."""

    entry: UUID
    kind: Kind
    line: str | None = None
    first: date
    last: date
    run_date: date
    name: str | None = None
    closing: bool = False


class InvoiceMade(Part):
    """A customer invoice that bills this entry for one customer of the contract."""

    invoice: UUID
    reference: str
    customer: str
    customer_id: UUID


class BilledPart(Part):
    """What an invoice bills of a line for one customer: rounded, with corrections of earlier cycles apart.

    `cycle`: the first day of the cycle that it is for; None: milestones, transactions.
    """

    invoice: UUID
    customer: str
    line: str
    cycle: date | None = None
    amount: Exact


class TransactionsTaken(Part):
    """Transactions of a line and year that are on the invoices; a number n is the nth recorded of that year, from 1."""

    line: str
    year: int
    ranges: tuple[LineRange, ...]
    count: int


class ScheduleFact(BillingContractFact):
    """The contract's number and the entry ride in every fact."""

    ref: EntryRef


class EntryInvoiced(ScheduleFact):
    """The entry is billed: `day` is the invoice date. Milestones have an entry each; so has each run."""

    type: ClassVar[str] = "billing-contract.invoiced"
    day: date
    cause: Cause
    invoices: tuple[InvoiceMade, ...]
    billed: tuple[BilledPart, ...]
    transactions: tuple[TransactionsTaken, ...] = ()


class EntryEmpty(ScheduleFact):
    """The entry's day came and there was nothing to bill."""

    type: ClassVar[str] = "billing-contract.entry-empty"
    day: date
    cause: Cause


class EntryReplaced(ScheduleFact):
    """A newer invoice of the same customer takes the place of one that bills the entry.

    `takes_over`: what that one held of the entry is the newer one's. Else it was closed: what it had taken stays with
    it, and the cycle is billed anew.
    """

    type: ClassVar[str] = "billing-contract.invoice-replaced"
    invoice: UUID
    reference: str
    customer: str
    by: UUID
    by_reference: str
    day: date
    takes_over: bool
    lines: int = 0
    """Of usage that it held for the entry, and that moves."""


class EntryReactivated(ScheduleFact):
    """An invoice of the entry was deleted. `day`: when, in the zone.

    `again`: for its customer the entry is to be billed again; else another invoice of that customer bills it: one that
    stood beside it, or one that the deleted one had replaced, which `restores` names.
    """

    type: ClassVar[str] = "billing-contract.entry-reactivated"
    invoice: UUID
    reference: str
    customer: str
    day: date
    reason: str
    lines: int = 0
    """Of usage that the invoice had taken for the entry, and that no invoice has now."""
    again: bool = True
    restores: tuple[UUID, ...] = ()


class EntryRebilled(ScheduleFact):
    """An invoice of the entry was recalculated: `billed` is all that it bills of it now, in place of what it did."""

    type: ClassVar[str] = "billing-contract.rebilled"
    invoice: UUID
    reference: str
    customer: str
    billed: tuple[BilledPart, ...]


class EntryCancelled(ScheduleFact):
    """The entry will not be billed."""

    type: ClassVar[str] = "billing-contract.entry-cancelled"
    reason: str


class LineSkipped(ScheduleFact):
    """A line of the entry could not be billed as it is set up; all others were. `code`: the rule that said no."""

    type: ClassVar[str] = "billing-contract.line-skipped"
    skipped: str
    day: date
    code: str
    reason: str


class UsageReceived(ScheduleFact):
    """A batch of at most 10,000 purchases that waited for this cycle is on the invoice that bills it.

    `usage_line`: None where several lines share the cycle.
    """

    type: ClassVar[str] = "billing-contract.usage-received"
    usage_line: str | None = None
    invoice: UUID
    reference: str
    customer: str
    customer_id: UUID
    source: PurchaseSource | PostedSource
    lines: int
    cost: Exact
    currency: str
    digest: str
    without_cost: int = 0
