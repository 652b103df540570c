"""Taking an invoice out, and what a sync may do with it."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from domain.fact import Fact
from domain.provider_invoice import events as e
from domain.provider_invoice.parts import FileRef, Header
from domain.provider_invoice.state import ProviderInvoice
from domain.rejected import Rejected

SyncPlan = Literal["populate", "retry", "check_change", "leave"]


def plan_sync(
    invoice: ProviderInvoice | None,
    *,
    manual: bool,
    header: Header,
    files: Sequence[FileRef],
) -> SyncPlan:
    """What a daily or manual sync does with an invoice that the provider lists with these files."""
    if invoice is None:
        return "populate"
    if invoice.source == "manual":
        raise Rejected(
            "provider-invoice-manual", f"{invoice.number} was typed in by hand: activate it instead of syncing it."
        )
    match invoice.status:
        case "populating":
            return "leave"
        case "error":
            same = header == invoice.header and [f.sha256 for f in files] == [f.sha256 for f in invoice.files]
            return "retry" if same and invoice.import_code not in INTERRUPTED else "populate"
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


def deactivate(invoice: ProviderInvoice, reason: str | None, billed: Sequence["Billed"], withdrawn: int) -> list[Fact]:
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
            reason=reason,
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
            reason=reason,
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
