"""What a command says: a table or a bar for people, one JSON document for machines, an exit code for both."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table


class Exit(IntEnum):
    """What a command's exit code means."""

    OK = 0
    FOUND = 1
    """It ran, and found something wrong: a broken chain, a difference, a failed import."""
    USAGE = 2
    """The arguments or settings are unusable."""
    UNAVAILABLE = 3
    """A server it needs is not there."""


console: Final = Console(highlight=False)
errors: Final = Console(stderr=True, highlight=False)


def say_json(document: object) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(document, indent=2, default=str, ensure_ascii=False) + "\n")


def fail(message: str, code: Exit = Exit.USAGE) -> typer.Exit:
    """Say what is wrong and what to do; raise what this gives."""
    errors.print(f"[red]ledgerline:[/] {message}")
    return typer.Exit(int(code))


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[str] = ()) -> Table:
    """A table whose cells are shown as they are: never read as markup."""
    shown = Table(title=title, title_justify="left", title_style="bold", header_style="dim", expand=False)
    for name in columns:
        shown.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(escape("" if cell is None else str(cell)) for cell in row))
    return shown


def pairs(title: str, facts: Mapping[str, Any]) -> Table:
    """A two-column table of names and values."""
    return table(title, ("", " "), list(facts.items()))


@contextmanager
def progress(label: str, *, total: int | None = None, quiet: bool = False) -> Iterator["Step"]:
    """A bar on a terminal, nothing when quiet or piped. The step's `advance` and `to` move it."""
    with Progress(
        SpinnerColumn(),
        TextColumn("[progress.description]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=errors,
        disable=quiet or not errors.is_terminal,
        transient=True,
    ) as bar:
        yield Step(bar, bar.add_task(label, total=total))


class Step:
    """A running bar."""

    def __init__(self, bar: Progress, task: Any) -> None:  # noqa: ANN401 -- rich's own TaskID
        self._bar = bar
        self._task = task

    def advance(self, by: int = 1) -> None:
        """That much more is done."""
        self._bar.advance(self._task, by)

    def to(self, done: int, total: int | None = None) -> None:
        """So much is done, of so much."""
        self._bar.update(self._task, completed=done, total=total)
