"""Facts of a customer invoice's approval: a storage format, frozen once published."""

from datetime import date
from typing import ClassVar, Literal

from domain.customer_invoice.events import CustomerInvoiceFact
from domain.customer_invoice.snapshot import CustomerSnapshot
from domain.fact import Part, PersonalText
from domain.wire import Exact

__all__ = [
    "ApprovalRequested",
    "ApprovalStep",
    "ApprovalWithdrawn",
    "Approved",
    "CustomerSnapshot",
    "Reopened",
    "StepApproved",
    "StepRejected",
]


class ApprovalStep(Part):
    """One step of the process: so many members of the group must approve. No group: any that may approve invoices."""

    group: str | None = None
    approvals: int = 1


class ApprovalRequested(CustomerInvoiceFact):
    """Locked: the process in force now is used to the end, and the content can't change."""

    type: ClassVar[str] = "customer-invoice.approval-requested"
    process: str
    process_version: int
    """0: the built-in default, one step of any member of a group with `invoice_approval`."""
    steps: tuple[ApprovalStep, ...]
    four_eyes: bool = False
    requested_by: str
    snapshot: CustomerSnapshot
    revenue_total: Exact
    cost_total: Exact
    currency: str
    item_count: int


class StepApproved(CustomerInvoiceFact):
    """A member of the step's group approved; `complete`: enough have, and the next step (or the end) follows."""

    type: ClassVar[str] = "customer-invoice.step-approved"
    step: int
    """From 1."""
    group: str | None
    approver: str
    approvals: int
    needed: int
    complete: bool
    comment: PersonalText | None = None


class StepRejected(CustomerInvoiceFact):
    """Back to the step before; from the first step the invoice is reopened (`reopened` follows)."""

    type: ClassVar[str] = "customer-invoice.step-rejected"
    step: int
    group: str | None
    rejecter: str
    comment: PersonalText
    to_step: int
    """0: none, it is reopened."""


class ApprovalWithdrawn(CustomerInvoiceFact):
    """The requester or an admin took the request back (`reopened` follows)."""

    type: ClassVar[str] = "customer-invoice.approval-withdrawn"
    withdrawn_by: str
    reason: str


class Reopened(CustomerInvoiceFact):
    """Not locked any more: it is `pending` and will be calculated again."""

    type: ClassVar[str] = "customer-invoice.reopened"
    cause: Literal["rejected", "withdrawn"]


class Approved(CustomerInvoiceFact):
    """Final and irreversible, with its number. `items_digest` is that of its calculation."""

    type: ClassVar[str] = "customer-invoice.approved"
    number: str
    series: str
    series_year: int | None = None
    sequence: int
    """The number's place in its series and year."""
    approval_date: date
    approved_by: str
    invoice_date: date
    period_from: date
    period_to: date
    currency: str
    revenue_total: Exact
    cost_total: Exact
    item_count: int
    items_digest: str
    snapshot: CustomerSnapshot
    tax: Literal["not_computed"] = "not_computed"
