"""What happens when the provider changes an invoice that is active: report, acknowledge, withdraw, adjust."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.fact import Fact
from domain.money import plain, rounded
from domain.provider_invoice import events as e
from domain.provider_invoice.checksum import readable
from domain.provider_invoice.parts import FileRef, Header
from domain.provider_invoice.reported import Reported, without_adjustment
from domain.provider_invoice.state import ProviderInvoice
from domain.rejected import Rejected


def check_change(
    invoice: ProviderInvoice, revision: str | None, total: Decimal, currency: str | None = None
) -> list[Fact]:
    """A change is a new (revision, total), or another currency; each distinct one is reported once.

    A return to what is imported, counting adjustments, or to what somebody took note of, withdraws what is open.
    """
    if invoice.status != "active":
        return []
    reported = (revision, total, currency if currency != invoice.header.currency else None)
    known = {c.how for c in invoice.since_adjusted if c.reported == reported}
    if reported == invoice.imported or "acknowledged" in known:
        withdrawn = e.ChangeWithdrawn(**_names(invoice), revision=revision, total=total)
        return [withdrawn] if invoice.open_change else []
    if "open" in known:
        return []
    return [e.ChangeReported(**_names(invoice), **_figures(invoice, reported))]


def adjustment_deleted(invoice: ProviderInvoice, adjustment: UUID, number: str) -> list[Fact]:
    """What the adjustment settled on its original is open again, unless the provider has returned to what is billed.

    Nothing for a manual original, as no provider reports what it should be, and for one that is not active.
    """
    changes = without_adjustment(invoice.changes, adjustment)
    if invoice.status != "active" or invoice.listed is None or changes == invoice.changes:
        return []
    before = replace(invoice, changes=changes)
    figures = _figures(before, invoice.listed)
    reopened = e.ChangeReopened(**_names(invoice), **figures, adjustment=adjustment, adjustment_number=number)
    if invoice.listed != before.imported:
        return [reopened]
    return [reopened, e.ChangeWithdrawn(**_names(invoice), revision=reopened.revision, total=reopened.total)]


def adjusted_again(invoice: ProviderInvoice, adjustment: UUID, deleted: ProviderInvoice) -> list[Fact]:
    """A deleted adjustment is had again by a sync of its own; refused once its original was adjusted otherwise."""
    if invoice.adjustments[-1:] != (adjustment,):
        raise Rejected(
            "adjusted-since",
            f"{invoice.number} has later adjustments than {deleted.number}: adjust it once more instead.",
        )
    if deleted.adjusts_total is None:
        return []
    return [
        e.Adjusted(
            **_names(invoice),
            adjustment=adjustment,
            adjustment_number=deleted.number,
            revision=deleted.revision,
            total=deleted.adjusts_total,
        )
    ]


def _names(invoice: ProviderInvoice) -> dict[str, Any]:
    return {"provider": invoice.provider, "invoice_number": invoice.number, "attempt": invoice.attempt}


def _figures(invoice: ProviderInvoice, reported: Reported) -> dict[str, Any]:
    """What was imported beside what is reported now, and both in a sentence."""
    revision, total, other = reported
    imported_revision, imported_total, _ = invoice.imported
    currency = invoice.header.currency
    listed = other or currency
    new = readable(total, listed) if total == rounded(total, listed) else plain(total)  # as no total of it can be
    advice = "acknowledge the change, or deactivate and sync again."
    return {
        "imported_revision": imported_revision,
        "imported_total": imported_total,
        "revision": revision,
        "total": total,
        "currency": currency,
        "listed_currency": other,
        "message": f"{invoice.provider} {invoice.number}: imported {readable(imported_total, currency)} {currency}, "
        f"provider now reports {new} {listed}{f' (revision {revision})' if revision else ''}: "
        f"{'' if other else 'adjust it, '}{advice}",
    }


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
    """Whenever it is active; whether there is something to adjust, an automatic invoice's provider is asked."""
    if invoice.adjusts is not None:
        raise Rejected(
            "is-an-adjustment", f"{invoice.number} is an adjustment: adjust {invoice.adjusts_number} once more instead."
        )
    if invoice.status != "active":
        raise Rejected(
            "not-active", f"{invoice.number} is {invoice.status}: only an active invoice is adjusted; sync it instead."
        )


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
    adjusted = e.Adjusted(
        provider=invoice.provider,
        invoice_number=invoice.number,
        attempt=invoice.attempt,
        adjustment=adjustment,
        adjustment_number=number,
        revision=revision,
        total=total,
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
        adjusts_total=total,
    )
