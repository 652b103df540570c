"""What happens when the provider changes an invoice that is active: report, acknowledge, withdraw, adjust."""

from decimal import Decimal
from uuid import UUID

from domain.fact import Fact
from domain.money import plain, rounded
from domain.provider_invoice import events as e
from domain.provider_invoice.checksum import readable
from domain.provider_invoice.parts import FileRef, Header
from domain.provider_invoice.state import ProviderInvoice
from domain.rejected import Rejected


def check_change(invoice: ProviderInvoice, revision: str | None, total: Decimal) -> list[Fact]:
    """A change is a new (revision, total); each distinct pair is reported once.

    A return to what is imported, counting adjustments, or to what somebody took note of, withdraws what is open.
    """
    if invoice.status != "active":
        return []
    names = {"provider": invoice.provider, "invoice_number": invoice.number, "attempt": invoice.attempt}
    now, imported = invoice.open_change, invoice.imported
    known = {c.how for c in invoice.since_adjusted if (c.revision, c.total) == (revision, total)}
    if (revision, total) == imported or "acknowledged" in known:
        return [e.ChangeWithdrawn(**names, revision=revision, total=total)] if now else []
    if "open" in known:
        return []
    currency = invoice.header.currency
    was = readable(imported[1], currency)
    new = readable(total, currency) if total == rounded(total, currency) else plain(total)  # as no total of it can be
    message = (
        f"{invoice.provider} {invoice.number}: imported {was} {currency}, provider now reports {new} {currency}"
        f"{f' (revision {revision})' if revision else ''}: "
        "adjust it, acknowledge the change, or deactivate and sync again."
    )
    return [
        e.ChangeReported(
            **names,
            imported_revision=imported[0],
            imported_total=imported[1],
            revision=revision,
            total=total,
            currency=currency,
            message=message,
        )
    ]


def acknowledge(invoice: ProviderInvoice, reason: str | None = None) -> list[Fact]:
    """A person took note. Without an open change, nothing happens when the last one was acknowledged already."""
    change = invoice.open_change
    if change is None:
        if invoice.changes and invoice.changes[-1].how == "acknowledged":
            return []
        raise Rejected("no-open-change", f"{invoice.number} has no open change to acknowledge.")
    return [
        e.ChangeAcknowledged(
            provider=invoice.provider,
            invoice_number=invoice.number,
            attempt=invoice.attempt,
            revision=change.revision,
            total=change.total,
            reason=reason,
        )
    ]


def adjustment_number(invoice: ProviderInvoice) -> str:
    """`NUMBER~r2` for the first adjustment, `~r3` for the next."""
    return f"{invoice.number}~r{len(invoice.adjustments) + 2}"


def adjusted_already(invoice: ProviderInvoice) -> UUID | None:
    """The adjustment of the last reported change, when asking for it again would only repeat what is done."""
    settled = bool(invoice.changes) and invoice.changes[-1].how == "adjusted"
    return invoice.adjustments[-1] if settled and invoice.adjustments and invoice.source == "automatic" else None


def expect_adjustable(invoice: ProviderInvoice) -> None:
    """An automatic invoice is adjusted while a change is open; a manual one whenever it is active."""
    if invoice.adjusts is not None:
        raise Rejected(
            "is-an-adjustment", f"{invoice.number} is an adjustment: adjust {invoice.adjusts_number} once more instead."
        )
    if invoice.status != "active":
        raise Rejected(
            "not-active", f"{invoice.number} is {invoice.status}: only an active invoice is adjusted; sync it instead."
        )
    if invoice.source == "automatic" and invoice.open_change is None:
        raise Rejected("no-open-change", f"The provider reports no change of {invoice.number}: nothing to adjust.")


def adjust(
    invoice: ProviderInvoice,
    original: UUID,
    adjustment: UUID,
    header: Header,
    revision: str | None,
    files: tuple[FileRef, ...] = (),
    *,
    total: Decimal,
) -> tuple[Fact, Fact]:
    """The pair of facts that links an invoice and its adjustment: on the adjusted one, and the adjustment's first.

    `total` is the corrected invoice's, `header` the adjustment's: the total there is what is not billed yet.
    """
    expect_adjustable(invoice)
    number = adjustment_number(invoice)
    change = invoice.open_change
    adjusted = e.Adjusted(
        provider=invoice.provider,
        invoice_number=invoice.number,
        attempt=invoice.attempt,
        adjustment=adjustment,
        adjustment_number=number,
        revision=revision if change is None else change.revision,
        total=total if change is None else change.total,
    )
    return adjusted, e.PopulationStarted(
        provider=invoice.provider,
        invoice_number=number,
        attempt=1,
        source=invoice.source,
        revision=revision,
        header=header,
        files=files,
        adjusts=original,
        adjusts_number=invoice.number,
    )
