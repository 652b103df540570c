"""The worker: `ledgerline worker`. Imports, other long operations, and what events lead to; any number of processes."""

import asyncio
import os
import signal
import socket
from collections.abc import Mapping
from typing import Final

import structlog
import uvloop
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from adapters.operations import ReactionPositions
from commands.billing_contract.bulk_generate import BulkGenerateHandler
from commands.billing_contract.bulk_request import BULK_GENERATE
from commands.customer_invoice.bulk import INVOICE_BULK, InvoiceBulkHandler
from commands.invoice_run.desk import INVOICE_RUN
from commands.invoice_run.run import InvoiceRunHandler
from commands.operations.work import Handler
from commands.sync.adjusting import IMPORT_INVOICE, ImportInvoiceHandler
from commands.sync.request import PROVIDER_SYNC
from commands.sync.run import SyncHandler
from services.approving import APPROVE_SECONDS, approve_automatically
from services.calculating import calculate_invoices
from services.garbage import collect_rarely
from services.mailing import deliver_letters, open_post_office, service_origin
from services.operations_http import Check, Heartbeat, OperationsServer
from services.placing import place_purchases
from services.reacting import PURGE_SECONDS, REACT_SECONDS, SWEEP_SECONDS, purge, react, repeat, sweep
from services.settings import Settings
from services.starting import Start
from services.tasking import TaskRunner
from services.waking import Bell
from services.watching import BillingWatch
from services.wiring import Parts, open_parts
from services.working import OperationRunner, passes

AT_ONCE: Final = 2

_log = structlog.get_logger(__name__)


def make_runner(parts: Parts, *, at_once: int = AT_ONCE) -> OperationRunner:
    """A runner of all kinds of operations."""
    return OperationRunner(
        operations=parts.operations,
        handlers=handlers_of(parts),
        clock=parts.clock.now,
        zone=parts.zone_name,
        name=f"{socket.gethostname()}:{os.getpid()}",
        at_once=at_once,
        lease_seconds=parts.sync.lease_seconds,
    )


def handlers_of(parts: Parts) -> Mapping[str, Handler]:
    """Who does which kind of operation."""
    return {
        PROVIDER_SYNC: SyncHandler(parts.sync, _unforeseen),
        IMPORT_INVOICE: ImportInvoiceHandler(parts.sync),
        INVOICE_RUN: InvoiceRunHandler(parts.runs, passes, _unforeseen),
        BULK_GENERATE: BulkGenerateHandler(parts.bulk_generation, passes, _unforeseen),
        INVOICE_BULK: InvoiceBulkHandler(parts.invoicing, parts.targets, _unforeseen),
    }


async def run_worker(
    parts: Parts, stop: asyncio.Event, runner: OperationRunner | None = None, tasking: TaskRunner | None = None
) -> None:
    """Work until `stop` is set: operations, reactions, letters, sweeps. An import stops after its present chunk."""
    positions, bell = ReactionPositions(parts.pool), Bell(parts.store)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(bell.listen(stop))
        tasks.create_task((runner or make_runner(parts)).run(stop, bell))
        tasks.create_task(repeat(lambda: react(parts, positions), "events led to notices", REACT_SECONDS, stop, bell))
        tasks.create_task(repeat(lambda: sweep(parts), "imports were stuck", SWEEP_SECONDS, stop))
        tasks.create_task(repeat(lambda: purge(parts), "rows purged", PURGE_SECONDS, stop))
        tasks.create_task(place_purchases(parts, stop, bell))
        tasks.create_task(repeat(lambda: approve_automatically(parts), "invoices approved", APPROVE_SECONDS, stop))
        tasks.create_task(calculate_invoices(parts, stop, bell))
        tasks.create_task((tasking or TaskRunner()).run(parts, stop, bell))
        tasks.create_task(deliver_letters(open_post_office(parts), lambda: service_origin(parts, "worker"), stop))


def run_worker_process(settings: Settings) -> None:
    """The process, until SIGTERM or SIGINT."""
    uvloop.run(_process(settings))


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
                runner = make_runner(parts)
                watch(registry, runner)
                tasking = TaskRunner()
                tasking.show(registry)
                alive["worker"] = Heartbeat(lambda: runner.turns)
                ready["operations"] = lambda: runner.problem
                collect_rarely()
                _log.info("worker started", at_once=runner.at_once)
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(BillingWatch(parts).run(stop))
                    await run_worker(parts, stop, runner, tasking)
                    stop.set()
    _log.info("worker stopped")


def watch(registry: CollectorRegistry, runner: OperationRunner) -> None:
    """Show what a worker did among its metrics."""
    registry.register(_Metrics(runner))


class _Metrics(Collector):
    def __init__(self, runner: OperationRunner) -> None:
        self._runner = runner

    def collect(self) -> list[Metric]:
        ended = GaugeMetricFamily(
            "ledgerline_operations_ended", "Operations that this worker ended.", labels=["status"]
        )
        for status in ("done", "failed", "cancelled"):
            ended.add_metric([status], self._runner.ended.get(status, 0))
        running = GaugeMetricFamily("ledgerline_operations_running", "Operations in the hands of this worker.")
        running.add_metric([], self._runner.running)
        return [ended, running]


def _unforeseen(error: Exception) -> None:
    _log.error("an error that nobody foresaw", exc_info=error)
