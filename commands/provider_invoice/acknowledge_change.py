"""Take note of what the provider changed, without doing anything about it."""

from uuid import UUID

from commands.handling import Done
from commands.origin import Origin
from commands.provider_invoice.change import change
from commands.provider_invoice.desk import Answering, InvoiceDesk, Outcome
from domain.provider_invoice import changes


async def acknowledge_change(
    desk: InvoiceDesk,
    origin: Origin,
    invoice: UUID,
    *,
    reason: str | None = None,
    expected: int | None = None,
    answer: Answering = None,
) -> Done[Outcome]:
    """The change is no problem any more; a second time changes nothing. Rejected `no-open-change`."""
    return await change(
        desk, origin, invoice, lambda state: changes.acknowledge(state, reason), expected=expected, answer=answer
    )
