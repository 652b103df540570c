"""The processes: one command each for production, `up` for all of them in one, `demo` to see the main job."""

from typing import Annotated

import typer

from services.cli.output import Exit, console, errors, fail
from services.logging import configure_logging
from services.settings import Settings, load_settings


def register(app: typer.Typer) -> None:
    """Add the processes to the command line."""
    for command in (up, api, relay, projector, worker, scheduler, demo):
        app.command()(command)


def up() -> None:
    """Everything in one process: API, projector, worker, scheduler, on the embedded default. Ctrl-C ends it."""
    import asyncio

    from services.up import Running, run_up

    def ready(running: Running) -> None:
        console.print(f"Ledgerline is up: {running.address}/docs", soft_wrap=True)
        if running.first_key is not None:
            _show_first_key(running.first_key.secret)

    asyncio.run(run_up(_settings(), ready))


def api() -> None:
    """The HTTP API."""
    from services.api.serve import run_api

    run_api(_settings(), first_key=lambda made: _show_first_key(made.secret))


def relay() -> None:
    """Publish the record to Kafka, in order; makes the topics that are missing."""
    from services.relay import run_relay

    settings, url = _with_database()
    kafka = settings.kafka()
    if kafka is None:
        raise fail("LEDGERLINE_KAFKA_BOOTSTRAP_SERVERS is not set: without Kafka there is nothing to relay.")
    run_relay(url, kafka, host=settings.host, operations_port=settings.operations_port)


def projector() -> None:
    """Keep the read models current."""
    from services.projector import run_projector

    settings, url = _with_database()
    run_projector(url, settings.kafka(), host=settings.host, operations_port=settings.operations_port)


def worker() -> None:
    """Run imports, long operations, and what an event leads to."""
    from services.worker import run_worker_process

    run_worker_process(_settings())


def scheduler() -> None:
    """Run the daily jobs: sync and import summary."""
    from services.scheduled import run_scheduler_process

    run_scheduler_process(_settings())


def demo(
    keep: Annotated[bool, typer.Option(help="Keep the demo's folder and say where it is.")] = False,
    plain: Annotated[bool, typer.Option(help="No colours, fixed width: for logs and documents.")] = False,
) -> None:
    """The main job on sample files, from provider files to read models, history and verification."""
    from services.demo.run import run_demo

    configure_logging("error", "console")
    if not run_demo(keep=keep, plain=plain):
        raise typer.Exit(int(Exit.FOUND))


def _settings() -> Settings:
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    return settings


def _with_database() -> tuple[Settings, str]:
    settings = _settings()
    url = settings.database_conninfo()
    if url is None:
        raise fail(
            "LEDGERLINE_DATABASE_URL is not set: as a process of its own it needs a shared database. "
            "`ledgerline up` runs everything on an embedded one."
        )
    return settings, url


def _show_first_key(secret: str) -> None:
    errors.print("[bold]The first admin key, shown only now:[/]")
    errors.print(secret, markup=False, soft_wrap=True)
