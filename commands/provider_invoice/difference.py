"""What an adjustment holds: its lines minus those of what it adjusts and of that one's other adjustments."""

from collections.abc import Sequence
from uuid import UUID

from commands.origin import Origin
from commands.ports.line_store import DifferenceRequest, Population
from commands.provider_invoice.desk import InvoiceDesk, load
from domain.provider_invoice.parts import DIFFERENCE
from domain.provider_invoice.populate import ChunkStored
from domain.provider_invoice.state import ProviderInvoice


async def difference_of(
    desk: InvoiceDesk, origin: Origin, adjustment: UUID, invoice: ProviderInvoice
) -> list[ChunkStored]:
    """Store new minus old as a population, and say what it holds; nothing where the attempt has its difference.

    The lines as uploaded or fetched stay beside it, in populations of their own that count in no sum.
    """
    if invoice.adjusts is None or DIFFERENCE in invoice.parts:
        return []
    chunks = await desk.lines.make_difference(
        DifferenceRequest(
            into=Population(adjustment, invoice.attempt, DIFFERENCE),
            new=invoice.populations,
            old=await adjusted_populations(desk, invoice.adjusts, but=adjustment),
            base=invoice.last_line,
            adjusts_number=invoice.adjusts_number or "",
            at=origin.now,
        )
    )
    return list(chunks)


async def adjusted_populations(desk: InvoiceDesk, original: UUID, *, but: UUID) -> Sequence[int]:
    """Populations that are billed today for an invoice: its own, and those of its active adjustments."""
    loaded = await load(desk, original)
    populations = list(loaded.state.populations)
    for other in loaded.state.adjustments:
        if other != but:
            adjustment = (await load(desk, other)).state
            counts = adjustment.status == "active" and adjustment.adjusts == original
            populations += adjustment.populations if counts else ()
    return populations
