"""The request for approval is taken back."""

from uuid import UUID

from commands.customer_invoice.desk import Answering, InvoicingDesk, Outcome
from commands.customer_invoice.recalculate import change_and_recompute
from commands.handling import Done
from commands.origin import Origin
from domain.customer_invoice import approval
from domain.provider_invoice.lifecycle import expect_reason


async def withdraw(
    desk: InvoicingDesk,
    origin: Origin,
    invoice: UUID,
    reason: str,
    *,
    admin: bool = False,
    expected: int | None = None,
    answer: Answering = None,
) -> Done[Outcome]:
    """By the requester, or an admin: reopened, and calculated again."""
    why = expect_reason(reason)
    return await change_and_recompute(
        desk,
        origin,
        invoice,
        lambda loaded: approval.withdraw(loaded.state, person=origin.actor, admin=admin, reason=why),
        expected=expected,
        answer=answer,
    )
