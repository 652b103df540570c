"""Which item of an invoice a purchase is in: the way from a source row back to what was billed for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from domain.customer_invoice.calculation_events import ItemValue
from domain.customer_invoice.state import CustomerInvoice
from domain.identity import normal


@dataclass(frozen=True, slots=True)
class Bought:
    """A purchase as far as its item depends on it; `product` is our code."""

    product: str
    subscription: str | None
    day: date


def items_for(invoice: CustomerInvoice, bought: Bought) -> Sequence[ItemValue]:
    """Items that may hold a purchase of the invoice: one, or one for each rule that priced its product.

    None while the totals are not those of all that is on the invoice. Prices that part their items come first.
    """
    calculation = invoice.calculation
    if calculation is None or invoice.failure is not None or calculation.through < invoice.last_batch:
        return ()
    if invoice.status in {"pending", "deleted"}:
        return ()
    items = [item for item in invoice.items if item.kind == "price" and item.product == bought.product]
    if len(items) < 2:  # noqa: PLR2004 - all of the product is in one
        return items
    subscription = normal(bought.subscription) if bought.subscription else None
    period = _late_period(invoice, bought.day, items)
    parted = [i for i in items if (i.subscription, i.late_period) == (subscription, period)]
    whole = [i for i in items if (i.subscription, i.late_period) == (None, None) and i not in parted]
    return [*parted, *whole]


def _late_period(invoice: CustomerInvoice, day: date, items: Sequence[ItemValue]) -> date | None:
    """The first day of the day's own period, which late items name; None: it is not late."""
    if invoice.invoice_type == "ad_hoc" or invoice.period_from <= day <= invoice.period_to:
        return None
    return max((i.late_period for i in items if i.late_period is not None and i.late_period <= day), default=None)
