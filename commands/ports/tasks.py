"""The ports of post-invoicing tasks: what is to be done, and who is asked to do it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.customer_invoice.task_events import TaskName
from domain.customer_invoice.tasks import Result


@dataclass(frozen=True, slots=True)
class DueTask:
    """A task in the hands of this worker for as long as its lease. `tries`: this one included."""

    invoice: UUID
    task: TaskName
    round: int
    tries: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A task that is still to be done. `next_try` None: at once, or once the invoice is approved."""

    tries: int
    next_try: datetime | None
    running: bool


class TasksDue(Protocol):
    """Which tasks are to be done, found from the feed."""

    async def note(self) -> int:
        """Take up what the feed brought since the last time; how many tasks became due or were settled by it."""
        ...

    async def claim(self, task: TaskName, limit: int, now: datetime, lease: float) -> Sequence[DueTask]:
        """So many that are due; for `lease` seconds nobody else gets them."""
        ...

    async def done(self, due: DueTask) -> None:
        """Nothing is left to do."""
        ...

    async def later(self, due: DueTask, at: datetime) -> None:
        """Ask again then; without effect when another worker has it by now."""
        ...

    async def hurry(self, invoice: UUID, task: TaskName) -> None:
        """Ask again at once, if it is still to be done."""
        ...

    async def waiting(self, invoice: UUID) -> Mapping[TaskName, Waiting]:
        """What is still to be done of an invoice."""
        ...


class Endpoint(Protocol):
    """A system that is told of an invoice, or asked to charge it."""

    async def ask(self, key: str, document: bytes, at: datetime) -> Result:
        """Ask, once. `key` makes repeats harmless there. Never raises for what the other side does."""
        ...
