"""Post-invoicing tasks of a customer invoice as JSON."""

from collections.abc import Mapping
from typing import Any

from commands.ports.tasks import Waiting
from domain.customer_invoice.state import CustomerInvoice
from domain.customer_invoice.task_events import TaskName
from services.api.rendering import instant

Waitings = Mapping[TaskName, Waiting]


def tasks_view(state: CustomerInvoice, waiting: Waitings | None = None) -> list[dict[str, Any]]:
    """All that were ever armed. With `waiting`, tries and times of those still to be done are those of this moment."""
    return [
        {
            "task": task.name,
            "status": task.status,
            "round": task.round,
            "key": task.key,
            "armed_by": task.by,
            "tries": max(task.tries, now.tries if now else 0),
            "since": task.since and instant(task.since),
            "next_try": instant(now.next_try) if now and now.next_try and task.pending else None,
            "error": None
            if task.code is None
            else {"code": task.code, "message": task.message, "status": task.http_status},
        }
        for task in state.tasks.values()
        for now in [(waiting or {}).get(task.name)]
    ]
