"""What an invoice holds of a usage offer, in the batches that it came in."""

from collections.abc import Sequence
from typing import TypeAlias, TypeVar

from commands.customer_invoice.giving import Lines
from commands.provider_invoice.desk import InvoiceDesk, Loaded
from commands.provider_invoice.offered import OfferedLines
from domain.billing_contract.entry_events import UsageReceived
from domain.customer_invoice.events import PurchasesAdded, PurchaseSource
from domain.usage_offer.ranges import Ranges, both, covers, minus
from domain.usage_offer.state import UsageOffer

Key = TypeVar("Key")


ArrivedBatch: TypeAlias = PurchasesAdded | UsageReceived
"""What says which lines came: to the invoice, or to it for a contract's entry."""


async def held_parts(
    desk: InvoiceDesk, loaded: Loaded, offer: UsageOffer, held: Ranges, arrived: Sequence[tuple[Key, ArrivedBatch]]
) -> list[tuple[Key, Lines]]:
    """The batches, each with what it is known by, as far as the invoice still holds their lines; each line once.

    Lines are counted again, from the line store, only of batches of which some have left.
    """
    found: list[tuple[Key, Lines]] = []
    rest = held
    for key, batch in arrived:
        if not isinstance(batch.source, PurchaseSource) or batch.source.offer != offer.stream.id:
            continue
        ranges = batch.source.ranges
        if covers(rest, ranges):
            found.append((key, Lines(ranges, batch.lines, batch.cost, batch.digest)))
        elif left := both(ranges, rest):
            chosen = await (await OfferedLines.load(desk, loaded, offer)).within(left)
            if chosen.lines:
                found.append((key, Lines(chosen.ranges, chosen.lines, chosen.batch.cost, chosen.batch.digest)))
        rest = minus(rest, ranges)
    return found
