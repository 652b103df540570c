"""The read model `invoice_tasks`: a row an invoice that has tasks. What failed, or stays unknown, is a problem."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from domain.customer_invoice import task_events as t
from projections.ports.feed import FeedRecord
from projections.read_model import ReadModel, Table, step, stream_id


class TasksRow(NamedTuple):
    """Tasks of one invoice, by name: {task, status, round, tries, code, message, http_status, give_up_at}.

    `failed_since` and `unknown_since`: since when there is one; None: there is none.
    """

    id: str
    customer: str
    reference: str
    number: str | None
    tasks: Sequence[dict[str, Any]]
    failed_since: datetime | None
    unknown_since: datetime | None
    version: int
    position: int


INVOICE_TASKS_TABLE: Final = Table("invoice_tasks", TasksRow)
Maybe = TasksRow | None


def armed(row: Maybe, fact: t.TaskArmed, record: FeedRecord) -> TasksRow:
    """It is to be done; one that had failed is no problem while it is."""
    return _noted(row, fact, record, "armed", row.number if row else None)


def succeeded(row: Maybe, fact: t.TaskSucceeded, record: FeedRecord) -> TasksRow:
    """It is done."""
    return _noted(row, fact, record, "succeeded", fact.number, tries=fact.tries, http_status=fact.status)


def failed(row: Maybe, fact: t.TaskFailed, record: FeedRecord) -> TasksRow:
    """Somebody has to mend something and run it by hand."""
    return _noted(row, fact, record, "failed", fact.number, **_why(fact))


def unknown(row: Maybe, fact: t.TaskUnknown, record: FeedRecord) -> TasksRow:
    """It is asked again."""
    return _noted(row, fact, record, "unknown", fact.number, **_why(fact), give_up_at=fact.give_up_at.isoformat())


def _why(fact: t.TaskFailed | t.TaskUnknown) -> dict[str, Any]:
    return {"tries": fact.tries, "code": fact.code, "message": fact.message, "http_status": fact.status}


def _noted(
    row: Maybe,
    fact: t.TaskFact,
    record: FeedRecord,
    status: str,
    number: str | None,
    **more: Any,  # noqa: ANN401 -- columns of many types
) -> TasksRow:
    others = [task for task in (row.tasks if row else ()) if task["task"] != fact.task]
    tasks = sorted([*others, {"task": fact.task, "status": status, "round": fact.round, **more}], key=_name)

    def since(what: str, before: datetime | None) -> datetime | None:
        return (before or record.occurred_at) if any(task["status"] == what for task in tasks) else None

    return TasksRow(
        id=stream_id(fact, record),
        customer=fact.customer,
        reference=fact.reference,
        number=number,
        tasks=tasks,
        failed_since=since("failed", row.failed_since if row else None),
        unknown_since=since("unknown", row.unknown_since if row else None),
        version=record.stream_version,
        position=record.position,
    )


def _name(task: dict[str, Any]) -> str:
    return str(task["task"])


INVOICE_TASKS: Final = ReadModel(
    name="invoice_tasks",
    topics=frozenset({"customer-invoice"}),
    tables=(INVOICE_TASKS_TABLE,),
    steps=(
        step(INVOICE_TASKS_TABLE, t.TaskArmed, armed),
        step(INVOICE_TASKS_TABLE, t.TaskSucceeded, succeeded),
        step(INVOICE_TASKS_TABLE, t.TaskFailed, failed),
        step(INVOICE_TASKS_TABLE, t.TaskUnknown, unknown),
    ),
)
