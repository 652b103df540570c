"""Ready-made facts of the post-invoicing tasks of a customer invoice, for tests of read models."""

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.customer_invoice import task_events as t
from domain.identity import Stream, id_for


class TaskFacts:
    """Facts of the post-invoicing tasks of one customer invoice."""

    def __init__(self, reference: str = "R-1", customer: str = "c-1") -> None:
        self.stream = Stream("customer-invoice", id_for("customer-invoice", reference))
        self._names = {"customer": customer, "reference": reference}

    def armed(self, task: t.TaskName) -> t.TaskArmed:
        return t.TaskArmed(**self._about(task), by="run")

    def succeeded(self, task: t.TaskName, tries: int = 1) -> t.TaskSucceeded:
        return t.TaskSucceeded(**self._about(task), number="INV-1", tries=tries, status=201)

    def failed(self, task: t.TaskName, tries: int = 1) -> t.TaskFailed:
        why = {"code": "refused", "message": "pay.example answered 400.", "status": 400}
        return t.TaskFailed(**self._about(task), number="INV-1", tries=tries, **why)

    def unknown(self, task: t.TaskName, tries: int = 1) -> t.TaskUnknown:
        since = datetime(2026, 3, 1, tzinfo=UTC)
        why = {"code": "timeout", "message": "pay.example did not answer in time."}
        ends = {"since": since, "give_up_at": since + timedelta(days=7)}
        return t.TaskUnknown(**self._about(task), number="INV-1", tries=tries, **why, **ends)

    def _about(self, task: t.TaskName) -> dict[str, Any]:
        return {**self._names, "task": task, "round": 1, "key": f"{self.stream.id}:{task}"}
