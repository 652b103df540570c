"""`ledgerline import`: provider files from the terminal, as an upload by hand or by a manifest."""

from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.output import Exit, console, fail, progress, say_json, table
from services.settings import load_settings

if TYPE_CHECKING:
    from services.importing import Imported, Sums

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add import to the command line."""
    app.command("import")(import_)


def import_(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files of one invoice.", exists=True, dir_okay=False)
    ] = None,
    provider: Annotated[str | None, typer.Option(help="The provider's code.")] = None,
    number: Annotated[str | None, typer.Option(help="The provider's invoice number.")] = None,
    total: Annotated[
        str | None, typer.Option(help="The header total; without it the sums are shown, nothing more.")
    ] = None,
    period: Annotated[str | None, typer.Option(help="FROM..TO, such as 2026-10-01..2026-10-31.")] = None,
    dated: Annotated[
        str | None, typer.Option("--date", help="The invoice date; the period's end unless given.")
    ] = None,
    currency: Annotated[str, typer.Option(help="The header's currency.")] = "EUR",
    format_: Annotated[
        str | None,
        typer.Option("--format", help="A built-in format, or a mapping file (.toml); by the header row unless given."),
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option(help="Sync what this manifest lists.", exists=True, dir_okay=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Import one invoice's files, or all that a manifest lists. Exit code 1 when an invoice ends in error."""
    from services.importing import Header, import_files, import_manifest, mapping_of, sums_of

    settings = load_settings()
    if manifest is not None:
        if provider is None or files:
            raise fail("--manifest goes with --provider and without files.")
        with progress("importing", quiet=as_json) as step:
            _show(import_manifest(settings, provider, manifest, step.to), as_json=as_json)
        return
    if not files:
        raise fail("Name the files of an invoice, or a --manifest.")
    mapping = mapping_of(format_)
    if total is None:
        with progress("reading", quiet=as_json) as step:
            sums = sums_of(files, mapping or "auto", currency, step.advance)
        _show_sums(sums, as_json=as_json)
        return
    if provider is None or number is None or period is None:
        raise fail("An import needs --provider, --number, --total and --period.")
    header = Header(provider, number, _amount(total), *_period(period), _day(dated) if dated else None, currency)
    with progress("importing", quiet=as_json) as step:
        _show([import_files(settings, header, files, mapping, step.advance)], as_json=as_json)


def _show(imported: "list[Imported]", *, as_json: bool) -> None:
    if as_json:
        say_json([i.document() for i in imported])
    else:
        rows = [(i.number, i.status, f"{i.lines:,}", i.total, i.currency) for i in imported]
        console.print(table("Imported", ("invoice", "status", "lines", "total", ""), rows, right=("lines", "total")))
        for invoice in imported:
            for message in invoice.messages:
                console.print(f"  {invoice.number}: {message}", markup=False, soft_wrap=True)
    if any(i.status != "active" for i in imported):
        raise typer.Exit(int(Exit.FOUND))


def _show_sums(sums: "list[Sums]", *, as_json: bool) -> None:
    if as_json:
        say_json([s.document() for s in sums])
        return
    rows = [(s.file, s.format, f"{s.lines:,}", s.licence, s.usage, s.tax, s.currencies) for s in sums]
    columns = ("file", "format", "lines", "licence", "usage", "tax", "currency")
    console.print(table("Sums", columns, rows, right=columns[2:6]))
    console.print("Nothing was imported: give --total (and --provider, --number, --period) to import.")


def _amount(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise fail(f"--total {text!r} is no amount: write it like 1234.50.") from None


def _period(text: str) -> tuple[date, date]:
    first, dots, last = text.partition("..")
    if not dots:
        raise fail("--period is FROM..TO, such as 2026-10-01..2026-10-31.")
    return _day(first), _day(last)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise fail(f"{text!r} is no date: write it like 2026-10-31.") from None
