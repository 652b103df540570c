"""Purchases come to an invoice and leave it, in batches, while it is neither locked nor final."""

from decimal import Decimal

from domain.customer_invoice import events as e
from domain.customer_invoice.state import CustomerInvoice, expect_changeable
from domain.fact import Fact

Source = e.PurchaseSource | e.PostedSource


def add_purchases(
    invoice: CustomerInvoice,
    source: Source,
    *,
    lines: int,
    cost: Decimal,
    currency: str,
    digest: str,
    without_cost: int = 0,
) -> list[Fact]:
    """A batch arrives; a locked or final invoice refuses it."""
    expect_changeable(invoice)
    added = e.PurchasesAdded(
        customer=invoice.customer,
        reference=invoice.reference,
        source=source,
        lines=lines,
        cost=cost,
        currency=currency,
        digest=digest,
        without_cost=without_cost,
    )
    return [added, *_pending(invoice, "purchases added")]


def remove_purchases(
    invoice: CustomerInvoice, source: Source, *, lines: int, cost: Decimal, currency: str, reason: str
) -> list[Fact]:
    """A batch, or part of one, leaves; a locked or final invoice refuses that."""
    expect_changeable(invoice)
    removed = e.PurchasesRemoved(
        customer=invoice.customer,
        reference=invoice.reference,
        source=source,
        lines=lines,
        cost=cost,
        currency=currency,
        reason=reason,
    )
    return [removed, *_pending(invoice, "purchases removed")]


def _pending(invoice: CustomerInvoice, cause: str) -> list[Fact]:
    if invoice.status == "pending":
        return []
    return [e.CustomerInvoiceChanged(customer=invoice.customer, reference=invoice.reference, cause=cause)]
