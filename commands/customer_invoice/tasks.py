"""Post-invoicing tasks are done: claimed, asked, and what came of it recorded.

The intent is recorded before (the `task-armed` fact, then the worker's lease), the outcome after. A worker that dies in
between leaves its lease to run out; the next one asks again with the same key, by which the other side knows it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID

from commands.customer_invoice.desk import Answering, InvoicingDesk, Outcome, change
from commands.customer_invoice.document import document
from commands.customer_invoice.send import send_invoice
from commands.handling import Decided, Done, settle
from commands.mail.deliver import PostOffice
from commands.origin import Origin
from commands.ports.event_store import EventStore, History, Save, Write
from commands.ports.tasks import DueTask, Endpoint, TasksDue
from domain.customer_invoice import tasks
from domain.customer_invoice.state import CustomerInvoice, evolve, fold
from domain.customer_invoice.task_events import TaskName
from domain.customer_invoice.task_state import Task
from domain.customer_invoice.tasks import Result
from domain.identity import Stream

LEASES: Final[Mapping[TaskName, float]] = {"send": 600.0, "sync": 90.0, "charge": 90.0}
"""Seconds that a worker has a task for itself: longer than a mail server or an endpoint is waited for."""

LOOK: Final = 0.5
"""Seconds after which is looked for more to do while the slow ones are waited for."""

Asking: TypeAlias = "Callable[[UUID, CustomerInvoice, str, datetime], Awaitable[Result]]"
"""Asks for one task of an invoice: its id, its state, the key, now."""


@dataclass(frozen=True, slots=True)
class TaskDesk:
    """The record, what is due, and who is asked for each task."""

    store: EventStore
    due: TasksDue
    asking: Mapping[TaskName, Asking]
    leases: Mapping[TaskName, float] = field(default_factory=lambda: LEASES)


def through(endpoint: Endpoint) -> Asking:
    """Ask an endpoint, with the invoice as a document."""

    async def ask(invoice: UUID, state: CustomerInvoice, key: str, now: datetime) -> Result:
        return await endpoint.ask(key, document(invoice, state), now)

    return ask


def by_mail(office: PostOffice) -> Asking:
    """Mail it to the customer."""

    async def ask(invoice: UUID, state: CustomerInvoice, key: str, now: datetime) -> Result:
        del invoice
        return await send_invoice(office, state, key, now)

    return ask


async def do_due(
    desk: TaskDesk,
    name: TaskName,
    origin: Callable[[], Origin],
    at_once: int,
    *,
    told: Callable[[str], None] | None = None,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Do what is due of one kind, so many at once, until nothing is; how many. One that is slow holds up no other.

    `told` hears how each ended: `succeeded`, `failed`, `unknown`, or `moot`: done, disarmed or another's by then.
    Once `stopping`, nothing is begun. After a fault nothing is either: it is raised when what runs has ended.
    """
    running: set[asyncio.Task[str]] = set()
    fault: BaseException | None = None
    done = 0
    try:
        while True:
            free = at_once - len(running)
            if free and fault is None and not stopping():
                for one in await desk.due.claim(name, free, origin().now, desk.leases[name]):
                    running.add(asyncio.create_task(_do(desk, one, origin)))
            if not running:
                break
            ended, running = await asyncio.wait(running, timeout=LOOK, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                fault = task.exception() or fault
                if task.exception() is None:
                    if told is not None:
                        told(task.result())
                    done += 1
    finally:
        for task in running:
            task.cancel()
    if fault is not None:
        raise fault
    return done


async def ask_by_hand(
    desk: InvoicingDesk,
    due: TasksDue,
    origin: Origin,
    invoice: UUID,
    name: TaskName,
    *,
    again: bool = False,
    expected: int | None = None,
    answer: Answering = None,
) -> Done[Outcome]:
    """Arm one, for a worker to do now; one that waits for its next try is asked again at once."""
    done = await change(
        desk,
        origin,
        invoice,
        lambda loaded: tasks.by_hand(invoice, loaded.state, name, again=again),
        expected=expected,
        answer=answer,
    )
    if not done.outcome.changed:
        await due.hurry(invoice, name)
    return done


async def _do(desk: TaskDesk, one: DueTask, origin: Callable[[], Origin]) -> str:
    stream = Stream("customer-invoice", one.invoice)
    history = await desk.store.load(stream)
    state = fold(history.facts)
    task = tasks.due(state, one.task)
    if state is None or task is None or task.round != one.round:
        await desk.due.done(one)
        return "moot"
    result = await desk.asking[one.task](one.invoice, state, task.key, origin().now)
    at = origin()
    after = await _record(desk, at, history, task, result, one.tries)
    if after is None or not after.pending or after.round != one.round:
        await desk.due.done(one)
    else:
        await desk.due.later(one, tasks.next_try(one.tries, at.now, after.since))
    return "moot" if after is None else after.status


async def _record(
    desk: TaskDesk, origin: Origin, seen: History, asked: Task, result: Result, tries: int
) -> Task | None:
    """The task as it is once the outcome is recorded: on the invoice as it was seen, or as it is by then."""
    known: History | None = seen

    async def decide() -> Decided[Task | None]:
        nonlocal known
        history = known or await desk.store.load(seen.stream)
        known = None  # it moved on, if this is asked again
        state = fold(history.facts)
        if state is None:
            return Decided(None, None)
        facts = tuple(tasks.ended(state, asked, result, tries, origin.now))
        for fact in facts:
            state = evolve(state, fact) or state
        return Decided(Save(origin, (Write(history, facts),)) if facts else None, state.tasks.get(asked.name))

    return (await settle(desk.store, origin, decide)).outcome
