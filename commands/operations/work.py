"""What a handler of long work is given: the operation, the right to work on it, and the time."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol
from zoneinfo import ZoneInfo

from commands.origin import Origin
from commands.ports.operations import Hold, Item, Operation, Operations, PutItem
from domain.identity import id_for


class Signals(Protocol):
    """What a worker is told while it works; both stay true once they are."""

    @property
    def cancelled(self) -> bool:
        """Somebody asked for the end of the operation."""

    @property
    def draining(self) -> bool:
        """The process is about to stop: give back what is not done."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How an operation ended; `message` is a sentence for people."""

    status: Literal["done", "failed", "cancelled"]
    message: str


class GiveBack(Exception):
    """Not ended: another worker goes on, after so many seconds."""

    def __init__(self, message: str, seconds: float = 0.0) -> None:
        super().__init__(message)
        self.message = message
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Work:
    """One operation in the hands of a worker. `now` gives the deployment's instant, `zone` is its time zone."""

    operation: Operation
    hold: Hold
    operations: Operations
    signals: Signals
    now: Callable[[], datetime]
    zone: str

    @property
    def input(self) -> Mapping[str, Any]:
        """What was asked for, as plain JSON."""
        return self.operation.input

    def origin(self, *what: str) -> Origin:
        """The envelope of a command of this operation: on behalf of whoever asked; `what` names the command in it."""
        now = self.now()
        return Origin(
            command_id=id_for("command", str(self.hold.operation), str(self.hold.token), *what),
            actor=self.operation.actor,
            agent=self.operation.agent,
            now=now,
            business_date=now.astimezone(ZoneInfo(self.zone)).date(),
            zone=self.zone,
            correlation_id=self.operation.correlation_id,
            traceparent=self.operation.traceparent,
        )

    def row(self, item: Item) -> PutItem:
        """An item's result, to ride in the save that ends it."""
        return PutItem(self.hold, item, self.now())

    async def put(self, item: Item) -> None:
        """An item's result, where no event goes with it."""
        await self.operations.put_item(self.row(item))

    async def finished(self) -> Mapping[str, Item]:
        """Items that ended before, by name: an operation that is taken up again leaves them out."""
        found: dict[str, Item] = {}
        number = 0
        while page := await self.operations.items(self.operation.id, after=number):
            found.update((item.name, item) for item in page)
            number = page[-1].number
        return found


Handler = Callable[[Work], Awaitable[Ended]]
"""Does the work of one kind of operation. May raise OperationLost (it stops), GiveBack, or any error (tried again)."""
