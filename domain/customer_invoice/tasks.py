"""Post-invoicing tasks of a customer invoice: `send` (mail), `sync` (accounting), `charge` (payment).

Armed by automatic runs and by bulk runs that ask; run when the invoice is approved; disarmed with an invoice that is
closed or deleted. By hand on an approved one. Whoever is asked is asked with the key of the round, however often: only
`again: true` on a task that is done begins a new one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from domain.customer_invoice import task_events as t
from domain.customer_invoice.state import CustomerInvoice, expect_in_place
from domain.customer_invoice.task_state import Task
from domain.fact import Fact
from domain.rejected import Rejected

TASKS: Final[tuple[t.TaskName, ...]] = ("send", "sync", "charge")
GIVE_UP_AFTER: Final = timedelta(days=7)
FIRST_PAUSE: Final = timedelta(seconds=10)
LONGEST_PAUSE: Final = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Done:
    """It is done: a 2xx or 409, or the mail server took the mail."""

    status: int | None = None
    recipients: int | None = None
    refused: int | None = None


@dataclass(frozen=True, slots=True)
class NotDone:
    """It is not, for good (`final`), or nobody knows. `message`: a sentence without names and addresses of people."""

    code: str
    message: str
    final: bool
    status: int | None = None


Result = Done | NotDone


def key_of(invoice: UUID, task: t.TaskName, number: int) -> str:
    """The `Idempotency-Key` of a round."""
    return f"{invoice}:{task}" if number == 1 else f"{invoice}:{task}:{number}"


def armed(
    invoice: UUID, *, customer: str, reference: str, tasks: Iterable[t.TaskName], by: Literal["run", "bulk"]
) -> list[Fact]:
    """For the save that makes the invoice: its contract's tasks, each once."""
    wanted = dict.fromkeys(tasks)
    return [
        t.TaskArmed(customer=customer, reference=reference, task=name, round=1, key=key_of(invoice, name, 1), by=by)
        for name in TASKS
        if name in wanted
    ]


def by_hand(invoice: UUID, state: CustomerInvoice, name: t.TaskName, *, again: bool) -> list[Fact]:
    """Ask for one now. What is done, or armed and on its way, decides nothing; `again` does anew what is done.

    One that failed is asked with the key of its round: it may have been done after all.
    """
    expect_taskable(state)
    task = state.tasks.get(name)
    if task is not None and (task.pending or (task.status == "succeeded" and not again)):
        return []
    number = 1 if task is None else task.round + (task.status == "succeeded")
    return [
        t.TaskArmed(
            customer=state.customer,
            reference=state.reference,
            task=name,
            round=number,
            key=key_of(invoice, name, number),
            by="hand",
        )
    ]


def expect_taskable(state: CustomerInvoice) -> None:
    """Rejected `not-approved`: a draft without number is neither mailed nor charged; or `superseded`."""
    expect_in_place(state)
    if state.status != "approved":
        raise Rejected(
            "not-approved", f"{state.reference} is {state.status}: its tasks can be run once it is approved."
        )


def due(state: CustomerInvoice | None, name: t.TaskName) -> Task | None:
    """The task, if it is to be done now: armed or unknown, of an approved invoice."""
    if state is None or state.status != "approved":
        return None
    task = state.tasks.get(name)
    return task if task is not None and task.pending else None


def ended(state: CustomerInvoice, asked: Task, result: Result, tries: int, now: datetime) -> Sequence[Fact]:
    """What came of asking, `tries` times by now. Nothing new: no fact.

    A success counts whatever is known by then, in its own round; nothing undoes a success.
    """
    task = state.tasks.get(asked.name)
    if task is None or task.round != asked.round or task.status == "succeeded" or state.approved is None:
        return []
    about: dict[str, Any] = {
        "customer": state.customer,
        "reference": state.reference,
        "task": task.name,
        "round": task.round,
        "key": task.key,
        "number": state.approved.number,
        "tries": tries,
    }
    if isinstance(result, Done):
        return [t.TaskSucceeded(**about, status=result.status, recipients=result.recipients, refused=result.refused)]
    if not task.pending:
        return []
    since = task.since or now
    why: dict[str, Any] = {"message": result.message, "status": result.status}
    if result.final:
        return [t.TaskFailed(**about, **why, code=result.code)]
    if now >= since + GIVE_UP_AFTER:
        said = f"No clear answer for {GIVE_UP_AFTER.days} days, {tries} tries: {result.message}"
        return [t.TaskFailed(**about, code="given-up", message=said, status=result.status)]
    if task.status == "unknown" and task.code == result.code:
        return []
    return [t.TaskUnknown(**about, **why, code=result.code, since=since, give_up_at=since + GIVE_UP_AFTER)]


def next_try(tries: int, now: datetime, since: datetime | None) -> datetime:
    """When to ask again after so many tries: pauses double from ten seconds to six hours, and the last try is due."""
    pause: timedelta = min(FIRST_PAUSE * 2 ** min(tries - 1, 20), LONGEST_PAUSE)
    last: datetime = (since or now) + GIVE_UP_AFTER
    return min(now + pause, max(last, now + FIRST_PAUSE))
