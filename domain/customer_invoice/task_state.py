"""A post-invoicing task as its facts leave it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from domain.customer_invoice import task_events as t


@dataclass(frozen=True, slots=True)
class Task:
    """One task of an invoice. `tries`, `code`, `message` are of the last fact; `since`: unknown since then.

    `disarmed`: the invoice was closed before it was approved.
    """

    name: t.TaskName
    round: int
    key: str
    by: Literal["run", "bulk", "hand"]
    status: Literal["armed", "unknown", "succeeded", "failed", "disarmed"] = "armed"
    tries: int = 0
    code: str | None = None
    message: str | None = None
    http_status: int | None = None
    since: datetime | None = None

    @property
    def pending(self) -> bool:
        """Whether it is still to be done, or to be asked again."""
        return self.status in ("armed", "unknown")


Tasks = Mapping[t.TaskName, Task]


def after(tasks: Tasks, fact: t.TaskFact) -> Tasks:
    """The tasks of an invoice after a fact about one."""
    before = tasks.get(fact.task)
    by = before.by if before else "hand"
    match fact:
        case t.TaskArmed():
            task = Task(fact.task, fact.round, fact.key, fact.by)
        case t.TaskSucceeded():
            task = Task(fact.task, fact.round, fact.key, by, "succeeded", fact.tries, http_status=fact.status)
        case t.TaskFailed():
            task = Task(fact.task, fact.round, fact.key, by, "failed", fact.tries, fact.code, fact.message, fact.status)
        case t.TaskUnknown():
            task = Task(
                fact.task, fact.round, fact.key, by, "unknown", fact.tries, fact.code, fact.message, fact.status,
                fact.since,
            )  # fmt: skip
        case _:
            return tasks
    return {**tasks, fact.task: task}


def disarmed(tasks: Tasks) -> Tasks:
    """The tasks of an invoice that will never be approved."""
    return {name: replace(task, status="disarmed") if task.pending else task for name, task in tasks.items()}
