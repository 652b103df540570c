"""What was said about a customer invoice: comments, and the words that came with approvals and rejections."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from commands.ports.event_store import EventStore, Recorded
from domain.customer_invoice.approval_events import StepApproved, StepRejected
from domain.customer_invoice.events import CustomerInvoiceCommented
from domain.identity import Stream

_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Said:
    """One comment. `number` counts free comments from 1; those of a step have none."""

    what: Literal["comment", "approval", "rejection"]
    author: str
    text: str
    at: datetime
    number: int | None = None
    step: int | None = None


async def comments_of(store: EventStore, invoice: UUID) -> Sequence[Said]:
    """All of them, the oldest first."""
    stream, found, version = Stream("customer-invoice", invoice), list[Said](), 0
    while page := await store.history(stream, after=version, limit=_PAGE):
        version = page[-1].version
        found += [said for event in page if (said := _said(event)) is not None]
    return found


def _said(event: Recorded) -> Said | None:
    match event.fact:
        case CustomerInvoiceCommented() as fact:
            return Said("comment", fact.author, fact.comment, event.occurred_at, number=fact.number)
        case StepApproved(comment=str() as text) as fact:
            return Said("approval", fact.approver, text, event.occurred_at, step=fact.step)
        case StepRejected() as fact:
            return Said("rejection", fact.rejecter, fact.comment, event.occurred_at, step=fact.step)
        case _:
            return None
