"""The list of invoices beside the generated files, as an automatic provider's connection reads it."""

import json
from collections.abc import Sequence
from pathlib import Path

from services.demo.generator.sample import MadeFile, MadeInvoice


def write_manifest(folder: Path, invoices: Sequence[MadeInvoice]) -> Path:
    """Write manifest.json for the invoices, whose files must lie in the folder or below it."""
    entries = [_entry(folder, invoice) for invoice in invoices]
    path = folder / "manifest.json"
    path.write_text(json.dumps({"invoices": entries}, indent=2) + "\n", encoding="utf-8")
    return path


def _entry(folder: Path, invoice: MadeInvoice) -> dict[str, object]:
    header = invoice.header
    return {
        "number": header.number,
        "date": header.date.isoformat(),
        "period_from": header.period_from.isoformat(),
        "period_to": header.period_to.isoformat(),
        "currency": header.currency,
        "total": f"{invoice.total:f}",
        "revision": header.revision,
        "files": [_file(folder, file) for file in invoice.files],
    }


def _file(folder: Path, file: MadeFile) -> dict[str, str]:
    entry = {"path": file.path.relative_to(folder).as_posix(), "role": file.role}
    if file.format is not None:
        entry["format"] = file.format
    if file.mapping is not None:
        entry["mapping"] = file.mapping.relative_to(folder).as_posix()
    return entry
