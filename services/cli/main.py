"""`ledgerline`: every process and every tool of an operator, an auditor, a developer.

Commands import what they run when they run, so that `--help` answers at once.
"""

import sys
from typing import Final, NoReturn

import typer

from domain.rejected import Rejected
from services.cli import imports, invoice_run, keys, parked, processes, record, topics
from services.cli.output import Exit, errors
from services.logging import configure_logging
from services.settings import SettingsError

app: Final = typer.Typer(
    name="ledgerline",
    help="Event-sourced billing for resellers of cloud services.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


@app.callback()
def _quietly() -> None:
    """Event-sourced billing for resellers of cloud services."""
    # What a tool logs goes to stderr, and only what is odd; the processes set their own level.
    configure_logging("warning", "console")


processes.register(app)
imports.register(app)
invoice_run.register(app)
record.register(app)
app.add_typer(parked.app, name="parked")
app.add_typer(keys.app, name="keys")
app.add_typer(topics.app, name="topics")
app.add_typer(record.events, name="events")


def main() -> None:
    """Run a command; what stands in its way is said in one line, never as a stack trace."""
    try:
        app()
    except SettingsError as error:
        _end(str(error), Exit.USAGE)
    except Rejected as refused:
        _end(refused.detail, Exit.USAGE)
    except _expected() as error:
        _end(str(error), Exit.UNAVAILABLE)
    except KeyboardInterrupt:
        sys.exit(130)


def _end(message: str, code: Exit) -> NoReturn:
    errors.print("[red]ledgerline:[/] ", end="")
    errors.print(message, markup=False, soft_wrap=True)
    sys.exit(int(code))


def _expected() -> tuple[type[BaseException], ...]:
    """Errors that say themselves what to do: a server away, a folder in use, another clock."""
    import psycopg

    from adapters.clock import ClockRefused
    from adapters.embedded_postgres import EmbeddedPostgresError
    from adapters.kafka.topics import BrokerAway, TopicsDiffer
    from adapters.migrate import MigrationFailed
    from adapters.provider_files.raw_bucket import FilesUnusable
    from commands.ports.event_store import StoreUnavailable
    from commands.ports.key_vault import VaultUnavailable

    ours = (
        EmbeddedPostgresError,
        MigrationFailed,
        StoreUnavailable,
        VaultUnavailable,
        ClockRefused,
        BrokerAway,
        TopicsDiffer,
        FilesUnusable,
    )
    return (*ours, psycopg.OperationalError)


if __name__ == "__main__":
    main()
