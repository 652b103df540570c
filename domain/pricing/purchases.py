"""Purchases as they are priced: summed over what makes no difference to their price."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class PurchaseGroup:
    """Purchases of one product and subscription that no boundary of a price lies between.

    How purchases are parted into groups changes no result, as long as a group never mixes known and unknown costs,
    units, currencies or days of conversion, and `PricingContext.boundaries` has no day in `(first_day, last_day]`.
    """

    product: str
    """Code of our product."""
    subscription: str | None
    first_day: date
    last_day: date
    """The first and the last date of the purchases themselves."""
    period: date
    """First day of the billing period these dates belong to; another than the invoice's makes them late."""
    quantity: Decimal
    """In `unit`; negative where more was given back than taken."""
    unit: str | None = None
    cost: Decimal | None = None
    """In `cost_currency`; None: no cost is known. Zero is a cost."""
    cost_currency: str | None = None
    """None: the invoice's."""
    cost_date: date | None = None
    """Whose exchange rate counts: the provider invoice's date, or the purchase's own (None: `last_day`)."""
    lines: int = 1
    """How many purchases these are."""
    sources: tuple[str, ...] = ()
    """Opaque names of where they come from, for messages and explanations."""
