"""A member of the step's group rejects: back to the step before, from the first one reopened."""

from collections.abc import Sequence
from uuid import UUID

from commands.customer_invoice.desk import Answering, InvoicingDesk, Outcome
from commands.customer_invoice.recalculate import change_and_recompute
from commands.handling import Done
from commands.origin import Origin
from commands.ports.event_store import Rows
from domain.customer_invoice import approval


async def reject(
    desk: InvoicingDesk,
    origin: Origin,
    invoice: UUID,
    comment: str,
    *,
    expected: int | None = None,
    answer: Answering = None,
    rows: Sequence[Rows] = (),
) -> Done[Outcome]:
    """Rejected `comment-missing`, `not-in-group`, `approval-not-requested`, `invoice-final`."""
    return await change_and_recompute(
        desk,
        origin,
        invoice,
        lambda loaded: approval.reject(loaded.state, loaded.setting.groups, rejecter=origin.actor, comment=comment),
        expected=expected,
        answer=answer,
        rows=rows,
    )
