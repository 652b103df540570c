"""The scheduler as a process, `ledgerline scheduler`, and what its jobs do."""

import asyncio
import os
import signal
import socket
from contextlib import suppress
from dataclasses import replace
from typing import Final

import structlog
from prometheus_client import CollectorRegistry

from commands.customer_invoice.periods import ensure_periods
from commands.ports.jobs import JobRun, JobRunner, JobRunners
from commands.sync.request import request_daily_sync
from domain.identity import id_for
from services.invoice_runs import invoice_run_job
from services.mailing import import_summary_job, open_post_office, service_origin
from services.operations_http import Check, Heartbeat, OperationsServer
from services.scheduler import Scheduler
from services.settings import Settings
from services.starting import Start
from services.wiring import Parts, open_parts

_LOOK_SECONDS: Final = 0.2
_WATCH_SECONDS: Final = 1.0
_log = structlog.get_logger(__name__)


def job_runners(parts: Parts) -> JobRunners:
    """What each job does."""
    return {
        "provider-sync": provider_sync_job(parts),
        "import-summary": import_summary_job(parts, open_post_office(parts)),
        "invoice-run": invoice_run_job(parts),
        "periodical-invoices": periodical_invoices_job(parts),
    }


def provider_sync_job(parts: Parts) -> JobRunner:
    """The daily sync, as an operation that a worker runs; the job ends with it.

    The operation's id is made of the run's: a run that another scheduler takes over joins the same operation.
    """

    async def run(asked: JobRun) -> str:
        origin = service_origin(parts, "scheduler")
        same = replace(origin, command_id=id_for("command", "job", asked.job, str(asked.id)))
        operation = await request_daily_sync(parts.sync, same, asked.day)
        while operation.open:
            await asyncio.sleep(_LOOK_SECONDS)
            operation = await parts.operations.get(operation.id) or operation
        return operation.message or operation.status

    return run


def periodical_invoices_job(parts: Parts) -> JobRunner:
    """Begin the invoices of billing periods that have begun since."""

    async def run(_asked: JobRun) -> str:
        customers = await parts.reference.billed_customers()
        began = await ensure_periods(parts.billing, service_origin(parts, "scheduler"), customers)
        return f"{began} began, of {len(customers)} customers that are billed."

    return run


def make_scheduler(parts: Parts) -> Scheduler:
    """A scheduler of all jobs."""
    return Scheduler(
        store=parts.store,
        jobs=parts.jobs,
        runners=job_runners(parts),
        clock=parts.clock.now,
        zone=parts.zone_name,
        owner=f"{socket.gethostname()}:{os.getpid()}",
    )


async def run_scheduler(parts: Parts, stop: asyncio.Event) -> None:
    """Schedule until `stop` is set."""
    await make_scheduler(parts).run(stop)


def run_scheduler_process(settings: Settings) -> None:
    """The process, until SIGTERM or SIGINT."""
    asyncio.run(_process(settings))


async def _process(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    start, registry = Start(settings.database_conninfo()), CollectorRegistry()
    alive: dict[str, Check] = {}
    ready: dict[str, Check] = {"start": start.problem}
    with OperationsServer(settings.host, settings.operations_port, registry, alive, ready):
        async with start.opened(lambda: open_parts(settings, metrics=registry), stop) as parts:
            if parts is not None:
                watch = _Watch(parts)
                alive["scheduler"] = Heartbeat(lambda: watch.turns)
                ready["database"] = lambda: watch.problem
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(watch.run(stop))
                    _log.info("scheduler started")
                    await run_scheduler(parts, stop)
    _log.info("scheduler stopped")


class _Watch:
    """Looks now and then whether the loop turns and the database answers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.turns = 0
        self.problem: str | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set."""
        while not stop.is_set():
            self.turns += 1
            try:
                await self._parts.store.head()
                self.problem = None
            except Exception as error:  # noqa: BLE001 -- whatever it is, it is what readiness tells
                self.problem = f"the database does not answer: {error}"
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _WATCH_SECONDS)
