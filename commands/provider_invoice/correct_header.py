"""Type in the header of a manual invoice anew."""

from uuid import UUID

from commands.handling import Done
from commands.origin import Origin
from commands.provider_invoice.change import change
from commands.provider_invoice.desk import Answering, InvoiceDesk, Outcome
from domain.provider_invoice import populate
from domain.provider_invoice.parts import Header


async def correct_header(
    desk: InvoiceDesk,
    origin: Origin,
    invoice: UUID,
    header: Header,
    *,
    expected: int | None = None,
    answer: Answering = None,
) -> Done[Outcome]:
    """An ended attempt is followed by the next one, its parts carried over. The same header changes nothing."""
    return await change(
        desk, origin, invoice, lambda state: populate.correct_header(state, header), expected=expected, answer=answer
    )
