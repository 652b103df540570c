"""A purchase as it is posted: one element of a request, checked for its shape."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from domain.fact import Part
from domain.money import plain
from domain.reference.bodies import Code, CurrencyCode, Reference
from domain.wire import Exact, Instant

LARGEST: Final = Decimal(10) ** 18
"""Quantities and costs stay below: a larger one is a slip of the pen, and sums of a hundred thousand still fit."""


def _bounded(value: Decimal) -> Decimal:
    if not -LARGEST < value < LARGEST:
        raise ValueError(f"must lie between -10^18 and 10^18, not {value:.3E}")
    return value


EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2999, 12, 31, tzinfo=UTC)
"""Of a purchase: whatever the customer's zone is, its day is one of the calendar's."""


def _of_this_age(value: datetime) -> datetime:
    if not EARLIEST <= value < LATEST:
        raise ValueError(f"must lie between {EARLIEST.date()} and {LATEST.date()}")
    return value


Bounded = Annotated[Exact, AfterValidator(_bounded)]
Key = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
]
Text = Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^\x00]*$")]


class NewPurchase(Part):
    """What a customer bought. `key` makes a repeat recognisable; it is unique for a customer.

    `time` decides the day in the customer's time zone. `cost` is what it cost us, in `cost_currency` (the customer's if
    left out); zero is a cost, none is not known. A negative quantity takes back, and names what: `corrects`, a key.
    """

    key: Key
    customer: Code
    product: Code
    quantity: Bounded
    time: Annotated[Instant, AfterValidator(_of_this_age)]
    subscription: Reference | None = None
    unit: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)] | None = None
    cost: Bounded | None = None
    cost_currency: CurrencyCode | None = None
    reference: Reference | None = None
    corrects: Key | None = None
    attributes: dict[Annotated[str, StringConstraints(min_length=1, max_length=100)], Text] = Field(
        default_factory=dict, max_length=50
    )

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.cost_currency is not None and self.cost is None:
            raise ValueError("cost_currency without a cost: give cost, or leave both out")
        if self.corrects is not None and self.quantity >= 0:
            raise ValueError("a purchase that corrects another one has a negative quantity")
        return self

    @property
    def occurred_at(self) -> datetime:
        """When, in UTC."""
        return self.time

    def digest(self) -> str:
        """SHA-256 (hex) over all that was posted, in one form whatever way it was written."""
        said = {
            "key": self.key,
            "customer": self.customer,
            "product": self.product,
            "quantity": plain(self.quantity),
            "time": self.time.isoformat(),
            "subscription": self.subscription,
            "unit": self.unit,
            "cost": None if self.cost is None else plain(self.cost),
            "cost_currency": self.cost_currency,
            "reference": self.reference,
            "corrects": self.corrects,
            "attributes": self.attributes,
        }
        return sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
