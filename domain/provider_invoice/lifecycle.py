"""Taking an invoice out, and what a sync may do with it."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from domain.fact import Fact
from domain.provider_invoice import events as e
from domain.provider_invoice.parts import FileRef, Header
from domain.provider_invoice.state import ProviderInvoice
from domain.rejected import Rejected

SyncPlan = Literal["populate", "retry", "reread", "check_change", "leave"]
"""`retry`: the checks again on the stored lines; `reread`: see whether an unchanged file can be read by now."""


def plan_sync(invoice: ProviderInvoice | None, *, manual: bool, files: Sequence[FileRef] | None = None) -> SyncPlan:
    """What a daily or manual sync does with an invoice that the provider lists with these files.

    Only an invoice in error needs `files`: without them (they could not be fetched) its plan is `reread`.
    """
    if invoice is None:
        return "populate"
    if invoice.source == "manual" and invoice.status != "deleted":
        if not manual:
            return "leave"
        raise Rejected(
            "provider-invoice-manual", f"{invoice.number} was typed in by hand: activate it instead of syncing it."
        )
    match invoice.status:
        case "populating":
            return "leave"
        case "error":
            return _again(invoice, files)
        case "active":
            if manual:
                raise Rejected(
                    "provider-invoice-active",
                    f"{invoice.number} is active: deactivate (recommended) or delete it before syncing it again.",
                )
            return "check_change"
        case _:
            return "populate" if manual else "leave"


INTERRUPTED = frozenset({"cancelled", "worker-lost", "stuck"})
"""Codes of imports that ended before their files were read to the end: a sync reads them anew."""
FOREIGN_CURRENCY = "foreign-currency"
"""Code of an import whose lines are all stored, in more than one currency."""


def expect_activatable(invoice: ProviderInvoice) -> None:
    """Automatic ones are synced instead, but for adjustments, which no provider lists."""
    if invoice.source == "automatic" and invoice.adjusts is None:
        raise Rejected(
            "provider-invoice-automatic",
            f"{invoice.number} comes from the provider's connection: sync it instead of activating it.",
        )
    if invoice.source == "automatic" and invoice.import_code not in {None, FOREIGN_CURRENCY}:
        raise Rejected(
            "provider-invoice-automatic", f"The files of {invoice.number} were not read to the end: sync it again."
        )
    if invoice.source == "automatic" and invoice.status == "populating":
        raise Rejected("import-running", f"{invoice.number} is being imported: it becomes active by itself.")
    if invoice.status == "deleted":
        raise Rejected("provider-invoice-deleted", f"{invoice.number} is deleted: create it again.")


def _again(invoice: ProviderInvoice, files: Sequence[FileRef] | None) -> SyncPlan:
    if files is None:
        return "reread"
    if _content(files) != _content(invoice.files) or invoice.import_code in INTERRUPTED:
        return "populate"
    return "retry" if invoice.import_code in {None, FOREIGN_CURRENCY} else "reread"


def _content(files: Sequence[FileRef]) -> list[tuple[str, str, str | None]]:
    return [(f.sha256, f.role, f.mapping) for f in files]


def follow_header(invoice: ProviderInvoice, header: Header) -> list[Fact]:
    """The provider corrected the header of an invoice in error; its lines stay, so the attempt stays."""
    if header == invoice.header:
        return []
    return [
        e.HeaderCorrected(
            provider=invoice.provider,
            invoice_number=invoice.number,
            attempt=invoice.attempt,
            header=header,
            before=invoice.header,
        )
    ]


def expect_reason(reason: str) -> str:
    """Waiving and undoing always say why; the reason, trimmed."""
    text = reason.strip()
    if not text:
        raise Rejected("reason-missing", "Say why: `reason` must not be empty.", kind="invalid")
    return text


def deactivate(invoice: ProviderInvoice, reason: str, billed: Sequence["Billed"], withdrawn: int) -> list[Fact]:
    """Taken out so that it can be synced again; refused when a line of it is invoiced. Twice decides nothing."""
    if invoice.status == "deactivated":
        return []
    if invoice.status != "active":
        raise Rejected("not-active", f"{invoice.number} is {invoice.status}: only an active invoice is deactivated.")
    _expect_nothing_billed(invoice, billed)
    return [
        e.Deactivated(
            provider=invoice.provider,
            invoice_number=invoice.number,
            attempt=invoice.attempt,
            reason=expect_reason(reason),
            withdrawn_lines=withdrawn,
        )
    ]


def delete(invoice: ProviderInvoice, reason: str, billed: Sequence["Billed"], withdrawn: int) -> list[Fact]:
    """A tombstone; refused when a line of it is invoiced, and while an import is running. Twice decides nothing."""
    if invoice.status == "deleted":
        return []
    if invoice.status == "populating" and invoice.source == "automatic":
        raise Rejected("import-running", f"{invoice.number} is being imported: cancel the import first.")
    _expect_nothing_billed(invoice, billed)
    return [
        e.Deleted(
            provider=invoice.provider,
            invoice_number=invoice.number,
            attempt=invoice.attempt,
            reason=expect_reason(reason),
            withdrawn_lines=withdrawn,
        )
    ]


class Billed:
    """A customer invoice that holds lines of the attempt, and whether they can still be released from it."""

    __slots__ = ("customer_invoice", "lines", "name", "releasable")

    def __init__(self, customer_invoice: UUID, name: str, lines: int, *, releasable: bool) -> None:
        self.customer_invoice = customer_invoice
        self.name = name
        self.lines = lines
        self.releasable = releasable


def _expect_nothing_billed(invoice: ProviderInvoice, billed: Sequence[Billed]) -> None:
    if not billed:
        return
    can = [b.name for b in billed if b.releasable]
    cannot = [b.name for b in billed if not b.releasable]
    said = [f"{', '.join(can[:5])} can be released"] if can else []
    said += [f"{', '.join(cannot[:5])} can't (locked or final: use adjust)"] if cannot else []
    raise Rejected(
        "lines-invoiced",
        f"{sum(b.lines for b in billed):,} lines of {invoice.number} are on customer invoices: {'; '.join(said)}.",
        facts={
            "customer_invoices": [
                {"id": str(b.customer_invoice), "name": b.name, "lines": b.lines, "releasable": b.releasable}
                for b in billed
            ]
        },
    )
