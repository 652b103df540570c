"""Customer invoices are calculated as they become due: loops of the worker."""

import asyncio
from typing import Final

from adapters.calculation import StoredCalculationsDue
from commands.customer_invoice.calculate import calculate_due
from commands.ports.calculation import Patience
from services.mailing import service_origin
from services.reacting import repeat
from services.waking import Bell
from services.wiring import Parts

CALCULATE_SECONDS: Final = 0.1
_LANES: Final = 2
"""So many turns at once: while one waits for the database to add up, another one's prices are worked out."""


async def calculate_invoices(parts: Parts, stop: asyncio.Event, bell: Bell, patience: Patience | None = None) -> None:
    """Until `stop`: read the feed for invoices that are due, and calculate them after their pause."""
    desk, due = parts.calculation, StoredCalculationsDue(parts.pool)

    async def lane() -> int:
        looked = 0
        while some := await calculate_due(desk, due, service_origin(parts, "worker"), patience or Patience()):
            looked += some
            if stop.is_set():
                break
        return looked

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(repeat(due.note, "invoices became due", CALCULATE_SECONDS, stop, bell))
        for _ in range(_LANES):
            tasks.create_task(repeat(lane, "invoices calculated", CALCULATE_SECONDS, stop, bell))
