"""What each family of prices makes of a quantity and its cost: steps whose amounts add up to the exact result."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, Literal, NamedTuple, assert_never

from domain.money import EXACT, add, less, times, total
from domain.pricing.rule import (
    CostPlus,
    DiscountOffList,
    FlatFee,
    Graduated,
    Minimum,
    Package,
    PerUnit,
    Price,
    Tier,
    Volume,
)

_PERCENT = Decimal("0.01")
_ONE = Decimal(1)
_NONE = Decimal(0)

PARTED: Final = frozenset({"per_unit", "cost_plus", "discount_off_list"})
"""Families whose price is the same however the quantity is parted: subscription and lateness part their items."""


class Step(NamedTuple):
    """`amount` is `quantity` times `unit_price`.

    `counts` says what the quantity is: units of the product, packages, money (a cost, whose unit price is its factor),
    or periods (a fee, once). `up_to` is that of a tier that is not the last.
    """

    counts: Literal["units", "packages", "cost", "periods"]
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    up_to: Decimal | None = None
    tier: int | None = None


class Portion(NamedTuple):
    """A part of a quantity, in the product's unit, with its cost and list price where they are known and needed."""

    quantity: Decimal
    cost: Decimal | None
    list_price: Decimal | None


def steps(price: Price, portions: Sequence[Portion]) -> list[Step]:
    """How a price comes about. A cost plus needs every portion's cost, a discount its list price."""
    match price:
        case PerUnit():
            return [_units(_sum(portions), price.unit_price)]
        case Graduated():
            return _graduated(price.tiers, _sum(portions))
        case Volume():
            return [_volume(price.tiers, _sum(portions))]
        case Package():
            packages = begun(_sum(portions), price.size)
            return [Step("packages", packages, price.price, times(packages, price.price))]
        case CostPlus():
            return _cost_plus(price, portions)
        case DiscountOffList():
            return _off_list(price, portions)
        case FlatFee():
            return [Step("periods", _ONE, price.amount, price.amount)]
        case Minimum():  # what lacks depends on the other items: see calculate.py
            return []
    assert_never(price)


def begun(quantity: Decimal, size: Decimal) -> Decimal:
    """Packages begun; a negative quantity is rounded away from zero."""
    whole = EXACT.divide_int(quantity, size)
    rest = EXACT.remainder(quantity, size)
    if rest > 0:
        return add(whole, _ONE)
    return less(whole, _ONE) if rest < 0 else whole


def _sum(portions: Sequence[Portion]) -> Decimal:
    return total([portion.quantity for portion in portions])


def _units(quantity: Decimal, unit_price: Decimal) -> Step:
    return Step("units", quantity, unit_price, times(quantity, unit_price))


def _at_tier(number: int, tier: Tier, quantity: Decimal) -> Step:
    return Step("units", quantity, tier.unit_price, times(quantity, tier.unit_price), tier.up_to, number)


def _graduated(tiers: Sequence[Tier], quantity: Decimal) -> list[Step]:
    """Each part at its tier; a negative sum at the first."""
    found = []
    below = _NONE
    for number, tier in enumerate(tiers, 1):
        if tier.up_to is None or quantity <= tier.up_to:
            found.append(_at_tier(number, tier, less(quantity, below)))
            break
        found.append(_at_tier(number, tier, less(tier.up_to, below)))
        below = tier.up_to
    return found


def _volume(tiers: Sequence[Tier], quantity: Decimal) -> Step:
    """All at the tier reached; a negative sum at the first."""
    number, tier = next((n, t) for n, t in enumerate(tiers, 1) if t.up_to is None or quantity <= t.up_to)
    return _at_tier(number, tier, quantity)


def _cost_plus(price: CostPlus, portions: Sequence[Portion]) -> list[Step]:
    cost = total([portion.cost for portion in portions if portion.cost is not None])
    factor = add(_ONE, times(price.percent or _NONE, _PERCENT))
    found = [Step("cost", cost, factor, times(cost, factor))]
    if price.amount_per_unit is not None:
        found.append(_units(_sum(portions), price.amount_per_unit))
    return found


def _off_list(price: DiscountOffList, portions: Sequence[Portion]) -> list[Step]:
    factor = less(_ONE, times(price.percent, _PERCENT))
    by_price: dict[Decimal, Decimal] = {}
    for portion in portions:
        if portion.list_price is not None:
            by_price[portion.list_price] = add(by_price.get(portion.list_price, _NONE), portion.quantity)
    return [_units(by_price[listed], times(listed, factor)) for listed in sorted(by_price)]
