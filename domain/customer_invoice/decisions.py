"""What may happen to a customer invoice so far: it begins, takes and gives back purchases, is closed or deleted."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from domain.customer_invoice import events as e
from domain.customer_invoice.state import CustomerInvoice, expect_open_to_change
from domain.fact import Fact
from domain.rejected import Rejected


def create_ad_hoc(
    invoice: CustomerInvoice | None,
    *,
    customer: str,
    customer_id: UUID,
    reference: str,
    invoice_date: date,
    period_from: date,
    period_to: date,
    currency: str,
) -> list[Fact]:
    """An ad hoc invoice begins, `pending`. The same one again decides nothing."""
    if invoice is not None and invoice.status != "deleted":
        if (invoice.customer, invoice.currency) == (customer, currency):
            return []
        raise Rejected(
            "reference-taken",
            f"{reference} exists for {invoice.customer} in {invoice.currency}: choose another reference.",
        )
    if period_to < period_from:
        raise Rejected("period-backwards", "period_to lies before period_from.", kind="invalid")
    return [
        e.CustomerInvoiceCreated(
            customer=customer,
            reference=reference,
            customer_id=customer_id,
            invoice_type="ad_hoc",
            invoice_date=invoice_date,
            period_from=period_from,
            period_to=period_to,
            currency=currency,
        )
    ]


def add_purchases(
    invoice: CustomerInvoice, source: e.PurchaseSource, *, lines: int, cost: Decimal, currency: str, digest: str
) -> list[Fact]:
    """A batch arrives; a locked or final invoice refuses it."""
    expect_open_to_change(invoice)
    facts: list[Fact] = [
        e.PurchasesAdded(
            customer=invoice.customer,
            reference=invoice.reference,
            source=source,
            lines=lines,
            cost=cost,
            currency=currency,
            digest=digest,
        )
    ]
    return [*facts, *_pending(invoice, "purchases added")]


def remove_purchases(
    invoice: CustomerInvoice, source: e.PurchaseSource, *, lines: int, cost: Decimal, currency: str, reason: str
) -> list[Fact]:
    """A batch, or part of one, leaves; a locked or final invoice refuses that."""
    expect_open_to_change(invoice)
    facts: list[Fact] = [
        e.PurchasesRemoved(
            customer=invoice.customer,
            reference=invoice.reference,
            source=source,
            lines=lines,
            cost=cost,
            currency=currency,
            reason=reason,
        )
    ]
    return [*facts, *_pending(invoice, "purchases removed")]


def close(invoice: CustomerInvoice, reason: str) -> list[Fact]:
    """Final without being sent: what it holds is written off. Twice decides nothing."""
    if invoice.status == "closed":
        return []
    expect_open_to_change(invoice)
    return [
        e.CustomerInvoiceClosed(
            customer=invoice.customer,
            reference=invoice.reference,
            reason=reason,
            lines=invoice.lines,
            cost=invoice.cost,
        )
    ]


def delete(invoice: CustomerInvoice, reason: str) -> list[Fact]:
    """A tombstone; the caller gives back what it held in the same transaction. Twice decides nothing."""
    if invoice.status == "deleted":
        return []
    expect_open_to_change(invoice)
    return [e.CustomerInvoiceDeleted(customer=invoice.customer, reference=invoice.reference, reason=reason)]


def _pending(invoice: CustomerInvoice, cause: str) -> list[Fact]:
    if invoice.status == "pending":
        return []
    return [e.CustomerInvoiceChanged(customer=invoice.customer, reference=invoice.reference, cause=cause)]
