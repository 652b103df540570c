"""Which purchases become one item, in the product's unit and the invoice's currency."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from domain.identity import normal
from domain.money import times
from domain.pricing import refusals
from domain.pricing.context import PricingContext
from domain.pricing.families import PARTED, Portion
from domain.pricing.items import Failure, InvoiceToPrice
from domain.pricing.known import PricedProduct, PricedRule, Rate, list_price
from domain.pricing.purchases import PurchaseGroup

NOT_LATE: Final = date.min


class Unpriceable(Exception):
    """Purchases that can't be priced."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Taken(NamedTuple):
    """A group as it counts for its item: `portion` in the product's unit and the invoice's currency."""

    group: PurchaseGroup
    portion: Portion
    rate: Rate | None


class LotKey(NamedTuple):
    """What parts items of prices: subscription and lateness only where the price is the same for each part."""

    product: str
    rule: str
    subscription: str
    """Empty: none, or not parted by it."""
    late_period: date
    """`NOT_LATE`: not late, or not parted by it."""


class Lot(NamedTuple):
    """The purchases of one item."""

    rule: PricedRule
    product: PricedProduct
    taken: list[Taken]


def lots(invoice: InvoiceToPrice, groups: Iterable[PurchaseGroup], context: PricingContext) -> dict[LotKey, Lot]:
    """Part purchases into items; Unpriceable names one that no rule covers, or whose unit, cost or price is missing."""
    found: dict[LotKey, Lot] = {}
    for group in groups:
        product = context.product(group.product)
        if product is None:
            raise Unpriceable(refusals.unknown_product(group))
        _refuse_boundary_inside(group, context)
        rule = context.selection.price(invoice.currency, invoice.customer, invoice.clusters, product, group.first_day)
        if rule is None:
            raise Unpriceable(refusals.uncovered(group, product, invoice))
        key = _key(invoice, group, rule)
        lot = found.get(key)
        if lot is None:
            found[key] = lot = Lot(rule, product, [])
        lot.taken.append(_taken(invoice, group, rule, product, context))
    return found


def late_period(invoice: InvoiceToPrice, group: PurchaseGroup) -> date | None:
    """The period that late purchases belong to; None: they aren't late. What names an ad hoc invoice never is."""
    return None if invoice.type == "ad_hoc" or group.period == invoice.period_from else group.period


def in_order(group: PurchaseGroup) -> tuple[object, ...]:
    """Sort key of groups, so that the same failure is found and the same tree shown in whatever order they come."""
    return (
        group.product,
        group.first_day,
        group.last_day,
        group.subscription or "",
        group.period,
        group.unit or "",
        group.quantity,
        group.cost is not None,
        group.cost or 0,
        group.cost_currency or "",
        group.cost_date or group.last_day,
        group.lines,
        group.sources,
    )


def _refuse_boundary_inside(group: PurchaseGroup, context: PricingContext) -> None:
    first, last = group.first_day, group.last_day
    if first is not last and first != last and context.segment(first) != context.segment(last):
        raise ValueError(f"purchases of {group.product} from {first} to {last} have a boundary of prices between them")


def _key(invoice: InvoiceToPrice, group: PurchaseGroup, rule: PricedRule) -> LotKey:
    if rule.body.price.family not in PARTED:
        return LotKey(product=group.product, rule=rule.body.code, subscription="", late_period=NOT_LATE)
    subscription = normal(group.subscription) if group.subscription else ""
    return LotKey(group.product, rule.body.code, subscription, late_period(invoice, group) or NOT_LATE)


def _taken(
    invoice: InvoiceToPrice, group: PurchaseGroup, rule: PricedRule, product: PricedProduct, context: PricingContext
) -> Taken:
    quantity = _in_unit_of(product, group, rule)
    cost, rate = group.cost, None
    if cost is not None and group.cost_currency is not None and group.cost_currency != invoice.currency:
        rate = context.rate(group.cost_currency, invoice.currency, group.cost_date or group.last_day)
        if rate is None:
            raise Unpriceable(refusals.no_rate(group, rule, invoice))
        cost = times(cost, rate.rate)
    listed = None
    family = rule.body.price.family
    if family == "cost_plus" and cost is None:
        raise Unpriceable(refusals.no_cost(group, rule))
    if family == "discount_off_list":
        listed = list_price(product, invoice.currency, group.first_day)
        if listed is None:
            raise Unpriceable(refusals.no_list_price(group, rule, invoice))
    return Taken(group, Portion(quantity, cost, listed), rate)


def _in_unit_of(product: PricedProduct, group: PurchaseGroup, rule: PricedRule) -> Decimal:
    unit = group.unit
    if unit is None or unit == product.unit:
        return group.quantity
    factor = product.unit_factors.get(unit)
    if factor is not None:
        return times(group.quantity, factor)
    if product.unit is None:
        return group.quantity
    raise Unpriceable(refusals.unknown_unit(group, product, rule))
