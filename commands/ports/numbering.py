"""The port to invoice numbers: a save that takes the next number of a series, in the transaction that stores it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

from commands.origin import Origin
from commands.ports.event_store import History, IdempotencyKey, Rows, Save
from domain.customer_invoice.approval import Number
from domain.numbering.numbers import Receiver
from domain.reference.invoice_bodies import InvoiceNumberSeriesBody

Order = tuple[date, str, UUID]
"""Period to, customer code, id: numbers of one group follow it."""


@dataclass(frozen=True, slots=True)
class NumberedSave:
    """All that one approval decided but for its number. The year is that of the origin's business date.

    `after` are the streams it was decided on: one that has moved on makes it a Conflict. `finish` makes the save, once
    its number is known; it is quick, pure, and takes no unique names. `rows` are written before, and know no number.
    `subject` is the data subject whose key its personal fields need, `key` the idempotency key of the save's answer.
    """

    origin: Origin
    after: tuple[History, ...]
    receiver: Receiver
    series: InvoiceNumberSeriesBody
    order: Order
    finish: Callable[[Number], Save]
    subject: str | None = None
    key: IdempotencyKey | None = None
    rows: tuple[Rows, ...] = ()


@dataclass(frozen=True, slots=True)
class Numbered:
    """A save that is durable with its number; `position` is that of its last event."""

    number: Number
    position: int


class InvoiceNumbers(Protocol):
    """Numbers without a gap: a number lives only if its transaction commits."""

    async def append(self, save: NumberedSave) -> Numbered:
        """Store one. Raises Conflict, AlreadyAnswered, StoreUnavailable, and what rows and encoding raise."""
        ...

    async def append_many(self, saves: Sequence[NumberedSave]) -> Sequence[Numbered | Exception]:
        """Store many, numbered in their order among those that go together; each has its own result."""
        ...

    async def in_order(self, invoices: Sequence[UUID]) -> Sequence[UUID]:
        """Those invoices that exist, in the order in which a bulk approval numbers them."""
        ...
