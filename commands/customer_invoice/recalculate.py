"""A customer invoice is to be calculated again: `pending`, and a worker takes it up."""

from collections.abc import Sequence
from uuid import UUID

from commands.customer_invoice.desk import Answering, InvoicingDesk, Outcome, change
from commands.handling import Done
from commands.origin import Origin
from commands.ports.event_store import Rows
from domain.customer_invoice import lifecycle


async def recalculate(
    desk: InvoicingDesk,
    origin: Origin,
    invoice: UUID,
    *,
    expected: int | None = None,
    answer: Answering = None,
    rows: Sequence[Rows] = (),
) -> Done[Outcome]:
    """One that is `pending` already changes nothing; Rejected `invoice-locked`, `invoice-final`."""
    return await change(
        desk,
        origin,
        invoice,
        lambda loaded: lifecycle.recalculate(loaded.state),
        expected=expected,
        answer=answer,
        rows=rows,
    )
