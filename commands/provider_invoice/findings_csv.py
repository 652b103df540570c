"""errors.csv and warnings.csv of an invoice: one row a missing or odd thing, the largest first."""

import csv
import io
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from commands.csv_guard import guarded
from commands.ports.line_store import Finding
from commands.provider_invoice.desk import InvoiceDesk, Loaded, load
from domain.money import plain
from domain.provider_invoice.parts import DIFFERENCE

COLUMNS: Final = (
    "kind",
    "provider",
    "reference",
    "code",
    "name",
    "lines",
    "first_lines",
    "amount",
    "currency",
    "hint",
)


async def errors_csv(desk: InvoiceDesk, invoice: UUID) -> str:
    """What the last try found missing; with `code` filled in it can be posted to /customers/bulk or /products/bulk.

    Only its header for an invoice whose references resolve.
    """
    loaded = await load(desk, invoice)
    return _table(loaded, await desk.lines.findings(invoice, loaded.state.attempt))


async def warnings_csv(desk: InvoiceDesk, invoice: UUID) -> str:
    """What is odd and stops nothing: optional things missing, lines whose own arithmetic differs."""
    loaded = await load(desk, invoice)
    populations = [p.population for name, p in loaded.state.parts.items() if p.complete and name != DIFFERENCE]
    found = [*await desk.lines.odd_lines(populations), *await desk.lines.warnings(populations)]
    return _table(loaded, sorted(found, key=lambda f: -abs(f.amount)))


def _table(loaded: Loaded, findings: Iterable[Finding]) -> str:
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for found in findings:
        rows.writerow(
            (
                found.kind,
                guarded(loaded.state.provider),
                guarded(found.reference),
                "",
                guarded(found.name or ""),
                found.lines,
                " ".join(str(number) for number in found.first_lines),
                plain(found.amount),
                loaded.state.header.currency,
                guarded(found.hint),
            )
        )
    return out.getvalue()
