"""On which schedule entry it is kept what an invoice bills: with its source, so that a deletion gives back no more."""

from decimal import Decimal

from domain.billing_contract.known import Due
from domain.billing_contract.line_items import LineItem


def amount_on(due: Due, item: LineItem) -> Decimal | None:
    """What of an item an entry bills; None: nothing.

    A part that is billed again belongs to its entry, that of a milestone to the milestone's, transactions to one run.
    """
    entry = due.entry
    if item.again is not None:
        return item.amount if item.again == entry else None
    if entry.kind == "cycle":
        own = entry.line is None or entry.line == item.line
        return item.amount if own and item.cycle == entry.first else None
    if entry.line != item.line or item.cycle is not None or due.only is not None:
        return None
    if entry.kind == "milestone":
        return dict(item.by_milestone).get(entry.name or "")
    return item.amount if item.kind == "time_and_material" else None


def shown_on(due: Due, item: LineItem) -> bool:
    """Whether an entry names the item's invoice: so does the last run of a line, whose milestones have their own."""
    entry = due.entry
    closes = entry.closing and entry.line == item.line and item.cycle is None and item.again is None
    return (closes and due.only is None) or amount_on(due, item) is not None
