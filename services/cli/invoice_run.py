"""`ledgerline invoice-run DATE`: a day's invoices from the terminal."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.output import Exit, console, fail, progress, say_json, table
from services.settings import load_settings

if TYPE_CHECKING:
    from services.running_days import Ran

_SHOWN = 50


def register(app: typer.Typer) -> None:
    """Add invoice-run to the command line."""
    app.command("invoice-run")(invoice_run)


def invoice_run(
    day: Annotated[str, typer.Argument(metavar="DATE", help="The day to run, such as 2026-02-02.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Bill what is due by a day, as of that day; running it again does nothing twice.

    Exit code 1 when a contract failed or was skipped, 2 for a day that has not come, 3 when the database is away.
    """
    from services.running_days import run_day

    try:
        wanted = date.fromisoformat(day)
    except ValueError:
        raise fail(f"{day!r} is no date: write it like 2026-02-02.") from None
    with progress(f"invoices of {wanted}", quiet=as_json) as step:
        ran = run_day(load_settings(), wanted, step.to)
    _show(ran, as_json=as_json)
    if not ran.fine:
        raise typer.Exit(int(Exit.FOUND))


def _show(ran: "Ran", *, as_json: bool) -> None:
    if as_json:
        say_json(ran.document())
        return
    rows = [(outcome.replace("_", " "), f"{count:,}") for outcome, count in ran.counts.items()]
    rows.append(("invoices", f"{ran.invoices:,}"))
    console.print(table(f"Invoice run of {ran.day}", ("outcome", "contracts"), rows, right=("contracts",)))
    console.print(ran.message, markup=False, soft_wrap=True)
    for one in ran.left[:_SHOWN]:
        again = f" Next try: {one.next_try}." if one.next_try else ""
        console.print(
            f"  {one.number or one.contract} {one.outcome}: {one.reason}{again}", markup=False, soft_wrap=True
        )
    if len(ran.left) > _SHOWN:
        console.print(f"  ... and more: GET /v1/invoice-runs/{ran.day}?outcome=failed", markup=False)
