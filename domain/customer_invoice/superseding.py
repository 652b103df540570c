"""A newer invoice takes the place of one that was neither locked nor final; deleting the newer one puts it back."""

from uuid import UUID

from domain.customer_invoice import events as e
from domain.customer_invoice.state import CustomerInvoice, expect_changeable
from domain.fact import Fact


def supersede(invoice: CustomerInvoice, *, by: UUID, by_reference: str, reason: str) -> list[Fact]:
    """It holds nothing any more; the caller gives what it held to the newer one, in the same transaction.

    The same one again decides nothing. Rejected `invoice-locked`, `invoice-final`, `superseded` (by another one).
    """
    if invoice.superseded is not None and invoice.superseded.by == by:
        return []
    expect_changeable(invoice)
    return [
        e.CustomerInvoiceSuperseded(
            customer=invoice.customer, reference=invoice.reference, by=by, by_reference=by_reference, reason=reason
        )
    ]


def restorable(invoice: CustomerInvoice | None, deleted: UUID) -> bool:
    """Whether it is put back when this newer one is deleted: neither closed nor deleted since it was superseded."""
    if invoice is None or invoice.superseded is None or invoice.status in ("closed", "deleted"):
        return False
    return invoice.superseded.by == deleted


def restore(invoice: CustomerInvoice, *, deleted: UUID, deleted_reference: str, reason: str) -> list[Fact]:
    """`pending` again; the caller adds what comes back to it. One that is not `restorable` decides nothing."""
    if not restorable(invoice, deleted):
        return []
    return [
        e.CustomerInvoiceRestored(
            customer=invoice.customer,
            reference=invoice.reference,
            deleted=deleted,
            deleted_reference=deleted_reference,
            reason=reason,
        )
    ]
