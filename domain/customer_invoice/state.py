"""A customer invoice as far as the release of usage needs it: is it there, is it final, what does it hold."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from domain.customer_invoice import events as e
from domain.fact import Fact
from domain.rejected import Rejected

Status = Literal["pending", "open", "approving", "approved", "closed", "error", "deleted"]
LOCKED_OR_FINAL: frozenset[Status] = frozenset({"approving", "approved", "closed"})


@dataclass(frozen=True, slots=True)
class CustomerInvoice:
    """The present state."""

    customer: str
    reference: str
    currency: str
    status: Status = "pending"
    lines: int = 0


def evolve(state: CustomerInvoice | None, fact: Fact) -> CustomerInvoice | None:
    """The state after a fact."""
    match fact:
        case e.CustomerInvoiceCreated():
            return CustomerInvoice(fact.customer, fact.reference, fact.currency)
        case _ if state is None:
            return None
        case e.PurchasesAdded():
            return replace(state, lines=state.lines + fact.lines, status="pending")
        case e.PurchasesRemoved():
            return replace(state, lines=state.lines - fact.lines, status="pending")
        case e.CustomerInvoiceChanged():
            return replace(state, status="pending")
        case e.CustomerInvoiceClosed():
            return replace(state, status="closed")
        case e.CustomerInvoiceDeleted():
            return replace(state, status="deleted")
        case _:
            return state


def fold(facts: Iterable[Fact]) -> CustomerInvoice | None:
    """The state after all facts."""
    state: CustomerInvoice | None = None
    for fact in facts:
        state = evolve(state, fact)
    return state


def expect_open_to_change(invoice: CustomerInvoice) -> None:
    """Purchases come and go only while the invoice is neither locked nor final."""
    if invoice.status == "approving":
        raise Rejected(
            "invoice-locked", f"{invoice.reference} is in approval: withdraw the request first, or use adjust."
        )
    if invoice.status in LOCKED_OR_FINAL or invoice.status == "deleted":
        raise Rejected("invoice-final", f"{invoice.reference} is {invoice.status}: use adjust for a correction.")
