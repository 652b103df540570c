"""Somebody says something about a customer invoice."""

from uuid import UUID

from commands.customer_invoice.desk import Answering, InvoicingDesk, Outcome, change
from commands.handling import Done
from commands.origin import Origin
from domain.customer_invoice import lifecycle


async def comment(
    desk: InvoicingDesk,
    origin: Origin,
    invoice: UUID,
    text: str,
    *,
    expected: int | None = None,
    answer: Answering = None,
) -> Done[Outcome]:
    """At any time before it is final; Rejected `comment-missing`, `comment-too-long`, `invoice-final`."""
    lifecycle.expect_comment(text)
    return await change(
        desk,
        origin,
        invoice,
        lambda loaded: lifecycle.comment(loaded.state, origin.actor, text),
        expected=expected,
        answer=answer,
    )
