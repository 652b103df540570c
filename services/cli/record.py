"""What auditors run: verify, replay, events export; and rebuild, for operators."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli.database import database_of
from services.cli.output import Exit, console, fail, progress, say_json, table
from services.settings import load_settings

events = typer.Typer(help="The record as files.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add verify, replay and rebuild to the command line."""
    for command in (verify, replay, rebuild):
        app.command()(command)


def verify(
    as_json: Json = False,
    noted: Annotated[
        str | None, typer.Option(help="POSITION:ANCHOR as an earlier run printed it: nothing before was changed.")
    ] = None,
    recalculate: Annotated[
        bool, typer.Option("--recalculate", help="Also run all stored calculations again with their recorded inputs.")
    ] = False,
) -> None:
    """Recompute all that follows from something else: chains, digests, leaks, places. Exit code 1 on a finding."""
    from services.findings import Check
    from services.verification import verify_everything

    checks: list[Check] = []
    settings = load_settings()
    with database_of(settings) as url, progress("verifying", quiet=as_json) as step:
        found = verify_everything(url, settings, noted=_noted(noted), progress=step.to, recalculate=recalculate)
        checks.extend(found)
    if as_json:
        say_json([c.document() for c in checks])
    else:
        rows = [("ok" if c.sound else "FOUND", c.name, c.figures) for c in checks]
        console.print(table("Verification", ("", "check", "figures"), rows))
        for check in checks:
            for finding in check.findings:
                console.print(f"  {check.name}: {finding}", markup=False, soft_wrap=True)
            for note in check.notes:
                console.print(f"  {check.name}, not looked at: {note}", markup=False, soft_wrap=True)
    if not all(c.sound for c in checks):
        raise typer.Exit(int(Exit.FOUND))


def replay(
    subject: Annotated[str | None, typer.Argument(help="One stream (`kind/id`): shows its history.")] = None,
    as_json: Json = False,
) -> None:
    """Read the whole record again, fold it, and count what it says; or one stream, event by event."""
    from services.replaying import replay_record, replay_stream

    settings = load_settings()
    with database_of(settings) as url:
        if subject is not None:
            _show_stream(replay_stream(url, settings, subject), subject, as_json=as_json)
            return
        with progress("replaying", quiet=as_json) as step:
            found = replay_record(url, settings, progress=step.to)
    if as_json:
        say_json(found.document())
        return
    console.print(table("Events", ("type", "count"), sorted(found.events.items()), right=("count",)))
    counted = Counter({f"{kind} {status}": n for (kind, status), n in found.states.items()})
    console.print(table("Aggregates", ("state", "count"), sorted(counted.items()), right=("count",)))


def rebuild(
    read_model: Annotated[str, typer.Argument(help="Its name, such as invoice_list; `all` for every one.")],
    as_json: Json = False,
) -> None:
    """Build a read model anew beside the one that serves, compare, and switch."""
    from domain.rejected import Rejected
    from projections.catalogue import READ_MODELS
    from services.projector import rebuild_read_model

    names = list(READ_MODELS) if read_model == "all" else [read_model]
    built = []
    with database_of(load_settings()) as url:
        for name in names:
            with progress(name, quiet=as_json) as step:
                try:
                    built.append(rebuild_read_model(url, name, step.to))
                except Rejected as refused:
                    raise fail(refused.detail) from None
    if as_json:
        say_json([{"read_model": b.read_model, "version": b.version, "position": b.position} for b in built])
        return
    rows = [(b.read_model, b.version, b.position, b.parked, sum(d.differing for d in b.differences)) for b in built]
    columns = ("read model", "version", "position", "parked", "rows that differed")
    console.print(table("Rebuilt", columns, rows, right=columns[1:]))


@events.command()
def export(
    to: Annotated[Path, typer.Argument(help="A file to write; NDJSON, one event a line.")],
    after: Annotated[int, typer.Option(min=0, help="Positions above this one.")] = 0,
    as_json: Json = False,
) -> None:
    """Write the record as NDJSON: stored bytes as they are (personal fields encrypted), envelopes, hashes."""
    from services.replaying import export_events

    settings = load_settings()
    try:
        with database_of(settings) as url, progress("exporting", quiet=as_json) as step:
            count, position = export_events(url, to, after=after, progress=step.to)
    except OSError as error:
        raise fail(f"{to} can't be written ({error.strerror}): name another file.") from None
    if as_json:
        say_json({"events": count, "position": position, "file": str(to)})
        return
    console.print(f"{count:,} events up to position {position} in {to}", soft_wrap=True)


def _show_stream(rows: list[dict[str, Any]], subject: str, *, as_json: bool) -> None:
    if not rows:
        raise fail(f"There is no stream {subject}: give kind/id, such as provider-invoice/….", Exit.FOUND)
    if as_json:
        say_json(rows)
        return
    columns = ("version", "type", "recorded", "actor", "state", "hash")
    console.print(table(subject, columns, [[r[c] for c in columns] for r in rows]))


def _noted(text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    position, colon, anchor = text.partition(":")
    if not (colon and position.isdecimal() and anchor):
        raise fail("--noted is POSITION:ANCHOR, as an earlier verification printed it.")
    return int(position), anchor
