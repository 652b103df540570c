"""Take a part out of a manual invoice."""

from uuid import UUID

from commands.handling import Done
from commands.origin import Origin
from commands.provider_invoice.change import change
from commands.provider_invoice.desk import Answering, InvoiceDesk, Outcome
from domain.provider_invoice import populate


async def remove_part(
    desk: InvoiceDesk,
    origin: Origin,
    invoice: UUID,
    part: str,
    *,
    expected: int | None = None,
    answer: Answering = None,
) -> Done[Outcome]:
    """The part counts no more; its lines stay in the line store for 90 days. One that is not there changes nothing."""
    return await change(
        desk, origin, invoice, lambda state: populate.remove_part(state, part), expected=expected, answer=answer
    )
