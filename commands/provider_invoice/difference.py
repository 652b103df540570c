"""What an adjustment holds: its lines minus those of what it adjusts and of that one's other adjustments."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from commands.origin import Origin
from commands.ports.line_store import DifferenceRequest, Population
from commands.provider_invoice.desk import InvoiceDesk, load
from domain.fact import Fact
from domain.money import add
from domain.provider_invoice import populate
from domain.provider_invoice.parts import DIFFERENCE
from domain.provider_invoice.state import ProviderInvoice


@dataclass(frozen=True, slots=True)
class BilledToday:
    """What is billed for an invoice: itself and its active adjustments; the total is that of their headers."""

    populations: tuple[int, ...]
    total: Decimal


async def difference_of(desk: InvoiceDesk, origin: Origin, adjustment: UUID, invoice: ProviderInvoice) -> list[Fact]:
    """Store new minus old as a population, and say what it holds; nothing where the attempt has its difference.

    The header's total follows what is billed by now. The lines as uploaded or fetched stay beside it, in populations of
    their own that count in no sum.
    """
    if invoice.adjusts is None or DIFFERENCE in invoice.parts:
        return []
    billed = await billed_today(desk, invoice.adjusts, but=adjustment)
    chunks = await desk.lines.make_difference(
        DifferenceRequest(
            into=Population(adjustment, invoice.attempt, DIFFERENCE),
            new=invoice.populations,
            old=billed.populations,
            base=invoice.last_line,
            adjusts_number=invoice.adjusts_number or "",
            at=origin.now,
        )
    )
    return [*populate.follow_billed(invoice, billed.total), *populate.make_difference(invoice, list(chunks))]


async def billed_today(desk: InvoiceDesk, original: UUID, *, but: UUID) -> BilledToday:
    """What is billed today for an invoice, but for one of its adjustments."""
    loaded = await load(desk, original)
    populations, total = loaded.state.populations, loaded.state.header.total
    for other in loaded.state.adjustments:
        if other != but:
            adjustment = (await load(desk, other)).state
            if adjustment.status == "active" and adjustment.adjusts == original:
                populations = (*populations, *adjustment.populations)
                total = add(total, adjustment.header.total)
    return BilledToday(populations, total)
