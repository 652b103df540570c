"""What waits on its way to an invoice, and what leaks, as metrics of the worker."""

import asyncio
from typing import Final

from prometheus_client import Gauge

from adapters.watching import billing_figures
from commands.provider_invoice.usage import leak_check
from services.reacting import repeat
from services.wiring import Parts

LOOK_SECONDS: Final = 15.0
LEAK_SECONDS: Final = 6 * 3600.0
"""The leak check reads every line of every active invoice: a few times a day is enough for what must never happen."""


class BillingWatch:
    """Gauges of one worker: `ledgerline_billing_waiting`, `..._waiting_seconds`, `ledgerline_leaking_customers`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._count = Gauge(
            "ledgerline_billing_waiting",
            "Usage (offers), purchases, calculations on their way to an invoice, and tasks of approved ones.",
            ["what", "state"],
            registry=parts.metrics,
        )
        self._age = Gauge(
            "ledgerline_billing_waiting_seconds", "The age of the oldest.", ["what", "state"], registry=parts.metrics
        )
        self._leaking = Gauge(
            "ledgerline_leaking_customers",
            "Customers of active provider invoices whose cost is not all accounted for.",
            registry=parts.metrics,
        )

    async def look(self) -> int:
        """Read the figures."""
        found = await billing_figures(self._parts.pool)
        self._count.clear()
        self._age.clear()
        for (what, state), (count, seconds) in found.items():
            self._count.labels(what, state).set(count)
            self._age.labels(what, state).set(seconds)
        return 0

    async def check_leaks(self) -> int:
        """Compute both sides of every active invoice; how many customers differ."""
        leaking = 0
        async for sums in leak_check(self._parts.invoices):
            leaking += len(sums.leaks)
        self._leaking.set(leaking)
        return leaking

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(repeat(self.look, "figures read", LOOK_SECONDS, stop))
            tasks.create_task(repeat(self.check_leaks, "customers leak", LEAK_SECONDS, stop))
