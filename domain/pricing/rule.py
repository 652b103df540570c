"""A pricing rule: what it charges (`price`, one shape a family), for whom, for what and when.

The rules themselves are those of `docs/pricing.md`; here is what a rule may say at all.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from domain.fact import Part
from domain.money import minor_units, plain, rounded
from domain.reference.bodies import Code, CurrencyCode, Name, ReferenceBody
from domain.wire import Exact

MAX_TIERS = 100
MAX_PERCENT = 1000

UnitPrice = Annotated[Exact, Field(ge=0)]
"""Never negative: what is given back has a negative quantity."""
Category = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class PerUnit(Part):
    """Every unit at one price."""

    family: Literal["per_unit"]
    unit_price: UnitPrice


class Tier(Part):
    """Up to and with this quantity, in the product's unit; the last one is open: `up_to` null."""

    up_to: Annotated[Exact, Field(gt=0)] | None = None
    unit_price: UnitPrice


class Tiered(Part):
    """Prices that depend on how much it is."""

    tiers: tuple[Tier, ...] = Field(max_length=MAX_TIERS)

    @model_validator(mode="after")
    def _without_gap(self) -> Self:
        if not self.tiers:
            raise ValueError("needs at least one tier; the last one has no up_to")
        last: Decimal | None = None
        for number, tier in enumerate(self.tiers, 1):
            if tier.up_to is None:
                if number < len(self.tiers):
                    raise ValueError(f"tier {number} has no up_to, so nothing reaches tier {number + 1}")
            elif last is not None and tier.up_to <= last:
                raise ValueError(
                    f"tiers must rise: tier {number} ends at {plain(tier.up_to)}, "
                    f"tier {number - 1} already at {plain(last)}"
                )
            last = tier.up_to
        if last is not None:
            raise ValueError(f"there is a gap above {plain(last)}: the last tier must have no up_to")
        return self


class Graduated(Tiered):
    """Each part of the quantity at its own tier's price."""

    family: Literal["graduated"]


class Volume(Tiered):
    """The whole quantity at the price of the tier it reaches."""

    family: Literal["volume"]


class Package(Part):
    """A price for each package of `size` units that is begun."""

    family: Literal["package"]
    size: Annotated[Exact, Field(gt=0)]
    price: UnitPrice


class CostPlus(Part):
    """What it costs, times (1 + percent / 100), and an amount for each unit; at least one of the two is given."""

    family: Literal["cost_plus"]
    percent: Annotated[Exact, Field(ge=-100, le=MAX_PERCENT)] | None = None
    amount_per_unit: UnitPrice | None = None

    @model_validator(mode="after")
    def _adds_something(self) -> Self:
        if self.percent is None and self.amount_per_unit is None:
            raise ValueError("needs a percent (0 passes the cost on as it is) or an amount_per_unit")
        return self


class DiscountOffList(Part):
    """The product's list price on the purchase's date, less a percentage."""

    family: Literal["discount_off_list"]
    percent: Annotated[Exact, Field(ge=0, le=100)]


class FlatFee(Part):
    """An amount each period, also without purchases; a negative one is a standing credit."""

    family: Literal["flat_fee"]
    amount: Exact


class Minimum(Part):
    """What an invoice comes to at least, for what is in the rule's scope."""

    family: Literal["minimum"]
    amount: Annotated[Exact, Field(gt=0)]


Price = Annotated[
    PerUnit | Graduated | Volume | Package | CostPlus | DiscountOffList | FlatFee | Minimum,
    Field(discriminator="family"),
]

Kind = Literal["price", "flat_fee", "minimum"]
"""The three families of rules, in the order in which they are applied; also the kinds of items."""


class PricingRuleBody(ReferenceBody):
    """One pricing rule. At most one of `customer` and `cluster` (neither: all), of `product` and `category` (all).

    `valid_to` is the first day on which it no longer holds. It applies only to invoices in its `currency`.
    """

    code: Code
    name: Name
    price: Price
    currency: CurrencyCode
    customer: Code | None = None
    cluster: Code | None = None
    product: Code | None = None
    category: Category | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    priority: int = Field(default=0, ge=-1_000_000, le=1_000_000)

    @property
    def kind(self) -> Kind:
        """Which of the three families of rules it belongs to."""
        family = self.price.family
        return family if family in {"flat_fee", "minimum"} else "price"

    @property
    def first_day(self) -> date:
        """The first day on which it holds."""
        return self.valid_from or date.min

    def holds_on(self, day: date) -> bool:
        """Whether it is valid on this day."""
        return self.first_day <= day and (self.valid_to is None or day < self.valid_to)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.customer is not None and self.cluster is not None:
            raise ValueError("is for a customer or for a cluster, not for both: leave one out")
        if self.product is not None and self.category is not None:
            raise ValueError("is for a product or for a category, not for both: leave one out")
        if self.valid_from and self.valid_to and self.valid_to <= self.valid_from:
            raise ValueError("valid_to, the first day on which it no longer holds, must lie after valid_from")
        if isinstance(self.price, FlatFee) and (self.product is not None or self.category is not None):
            raise ValueError("a flat fee is charged without purchases too: it can't be for a product or category")
        if isinstance(self.price, FlatFee | Minimum) and self.price.amount != rounded(self.price.amount, self.currency):
            raise ValueError(
                f"{plain(self.price.amount)} has more than the {minor_units(self.currency)} decimals of {self.currency}"
            )
        return self
