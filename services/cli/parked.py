"""`ledgerline parked`: events that a read model could not apply, and the streams that wait behind them."""

from dataclasses import asdict
from typing import Annotated

import typer

from services.cli.database import database_of
from services.cli.output import Exit, console, say_json, table
from services.settings import load_settings

app = typer.Typer(help="Events that could not be applied: list them, retry them.", no_args_is_help=True)
Model = Annotated[str | None, typer.Option("--read-model", help="Of this read model only.")]
Subject = Annotated[str | None, typer.Option(help="Of this stream (`kind/id`) only.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_(read_model: Model = None, subject: Subject = None, as_json: Json = False) -> None:
    """Streams that wait, and why. Exit code 1 when there are any."""
    from services.projector import parked

    with database_of(load_settings()) as url:
        streams = parked(url, read_model=read_model, subject=subject)
    if as_json:
        say_json([asdict(s) for s in streams])
    elif not streams:
        console.print("Nothing is parked.")
    else:
        names = list(asdict(streams[0]))
        console.print(table("Parked", names, [list(asdict(s).values()) for s in streams]))
    if streams:
        raise typer.Exit(int(Exit.FOUND))


@app.command()
def retry(read_model: Model = None, subject: Subject = None, as_json: Json = False) -> None:
    """Apply what waits, as far as it goes."""
    from services.projector import retry as run

    with database_of(load_settings()) as url:
        retried = run(url, read_model=read_model, subject=subject)
    if as_json:
        say_json([asdict(r) for r in retried])
    elif not retried:
        console.print("Nothing is parked.")
    else:
        names = list(asdict(retried[0]))
        console.print(table("Retried", names, [list(asdict(r).values()) for r in retried]))
