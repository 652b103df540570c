"""Type in the header of a manual invoice anew."""

from collections.abc import Callable
from uuid import UUID

from commands.handling import Done
from commands.origin import Origin
from commands.provider_invoice.change import change
from commands.provider_invoice.desk import Answering, InvoiceDesk, Outcome
from domain.fact import Fact
from domain.provider_invoice import populate
from domain.provider_invoice.parts import Header
from domain.provider_invoice.state import ProviderInvoice


async def correct_header(
    desk: InvoiceDesk,
    origin: Origin,
    invoice: UUID,
    header: Header | Callable[[Header], Header],
    *,
    expected: int | None = None,
    answer: Answering = None,
) -> Done[Outcome]:
    """An ended attempt is followed by the next one, its parts carried over. The same header changes nothing.

    `header` is the new one, or what to make of the present one: then two corrections of different fields at the same
    time both count.
    """

    def decide(state: ProviderInvoice) -> list[Fact]:
        return populate.correct_header(state, header if isinstance(header, Header) else header(state.header))

    return await change(desk, origin, invoice, decide, expected=expected, answer=answer)
