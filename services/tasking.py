"""Post-invoicing tasks as loops of the worker: mails and calls of approved invoices, and how they ended as metrics."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector
from pydantic import SecretStr

from adapters.tasks import HttpsEndpoint, NoEndpoint, StoredTasksDue, secure_client
from commands.customer_invoice.tasks import LEASES, TaskDesk, by_mail, do_due, through
from commands.origin import Origin
from commands.ports.tasks import Endpoint
from domain.customer_invoice.task_events import TaskName
from domain.customer_invoice.tasks import TASKS
from services.mailing import open_post_office, service_origin
from services.reacting import repeat
from services.waking import Bell
from services.wiring import Parts

NOTE_SECONDS: Final = 0.3
"""How often the feed is read on."""
TASK_SECONDS: Final = 0.5
"""How often is looked for what is due."""
AT_ONCE: Final[Mapping[TaskName, int]] = {"send": 4, "sync": 16, "charge": 16}
"""So many of a kind at a time in one worker: what a mail server or an endpoint has to bear."""


@dataclass(slots=True)
class TaskRunner:
    """The loops of one worker, and how the tasks ended that it did."""

    ended: Counter[tuple[TaskName, str]] = field(default_factory=Counter)
    leases: Mapping[TaskName, float] = field(default_factory=lambda: LEASES)

    async def run(self, parts: Parts, stop: asyncio.Event, bell: Bell | None = None) -> None:
        """Until `stop`; what is asked by then is waited for. With a bell it looks less often while nothing happens."""
        settings = parts.settings
        async with secure_client(settings.task_ca_file, parts.version, sum(AT_ONCE.values())) as client:
            desk = make_desk(parts, client, self.leases)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(repeat(desk.due.note, "tasks became due", NOTE_SECONDS, stop, bell))
                for name in TASKS:
                    work = self._lane(desk, name, lambda: service_origin(parts, "worker"), stop)
                    tasks.create_task(repeat(work, f"{name}: tasks done", TASK_SECONDS, stop, bell))

    def show(self, registry: CollectorRegistry) -> None:
        """Count among a process's metrics: `ledgerline_invoice_tasks_total`."""
        registry.register(_Metrics(self))

    def _lane(
        self, desk: TaskDesk, name: TaskName, origin: Callable[[], Origin], stop: asyncio.Event
    ) -> Callable[[], Awaitable[int]]:
        async def lane() -> int:
            return await do_due(desk, name, origin, AT_ONCE[name], told=count, stopping=stop.is_set)

        def count(how: str) -> None:
            self.ended[name, how] += 1

        return lane


def make_desk(parts: Parts, client: httpx.AsyncClient, leases: Mapping[TaskName, float] = LEASES) -> TaskDesk:
    """Who is asked for each task, by the settings."""
    settings = parts.settings

    def endpoint(url: str | None, secret: SecretStr | None, name: str) -> Endpoint:
        if url is None or secret is None:
            return NoEndpoint(f"LEDGERLINE_{name}_URL and LEDGERLINE_{name}_SECRET")
        return HttpsEndpoint(client, url, secret.get_secret_value(), settings.task_timeout)

    return TaskDesk(
        store=parts.store,
        due=StoredTasksDue(parts.pool),
        asking={
            "send": by_mail(open_post_office(parts)),
            "sync": through(endpoint(settings.sync_url, settings.sync_secret, "SYNC")),
            "charge": through(endpoint(settings.charge_url, settings.charge_secret, "CHARGE")),
        },
        leases=leases,
    )


class _Metrics(Collector):
    def __init__(self, runner: TaskRunner) -> None:
        self._runner = runner

    def collect(self) -> list[Metric]:
        total = CounterMetricFamily(
            "ledgerline_invoice_tasks", "Post-invoicing tasks that this worker asked for.", labels=["task", "ended"]
        )
        for name in TASKS:
            for how in ("succeeded", "failed", "unknown"):
                total.add_metric([name, how], self._runner.ended[name, how])
        return [total]
