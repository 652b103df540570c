"""What can't be priced, said so that whoever reads it finds the purchases and knows what to do."""

from decimal import Decimal

from domain.money import plain
from domain.pricing.context import MAX_RATE_AGE
from domain.pricing.items import Failure, InvoiceToPrice
from domain.pricing.known import PricedProduct, PricedRule
from domain.pricing.purchases import PurchaseGroup


def unknown_unit(group: PurchaseGroup, product: PricedProduct, rule: PricedRule) -> Failure:
    """A unit that the product has no factor for."""
    return Failure(
        "unknown-unit",
        f"{_named(group)}: they are in {group.unit!r}, the product is in {product.unit!r}: give the product a unit "
        f"factor for {group.unit!r}, or cancel them.",
        group.product,
        rule.body.code,
    )


def unknown_product(group: PurchaseGroup) -> Failure:
    """The product is not there."""
    return Failure(
        "unknown-product", f"{_named(group)}: there is no such product: save it, or cancel them.", group.product
    )


def uncovered(group: PurchaseGroup, product: PricedProduct, invoice: InvoiceToPrice) -> Failure:
    """No rule covers them: they are never free."""
    category = f", its category {product.category}" if product.category is not None else ""
    return Failure(
        "no-rule",
        f"{_named(group)}: no pricing rule in {invoice.currency} covers them for customer {invoice.customer}: save one "
        f"that is valid on {group.first_day} for the product{category} or all.",
        group.product,
    )


def no_cost(group: PurchaseGroup, rule: PricedRule) -> Failure:
    """A cost plus without a cost."""
    return Failure(
        "no-cost",
        f"{_named(group)}: pricing rule {rule.body.code} (cost plus) needs their cost, "
        "and none is known; zero would be one.",
        group.product,
        rule.body.code,
    )


def no_list_price(group: PurchaseGroup, rule: PricedRule, invoice: InvoiceToPrice) -> Failure:
    """A discount off nothing."""
    return Failure(
        "no-list-price",
        f"{_named(group)}: the product has no list price in {invoice.currency} on {group.first_day}, which pricing "
        f"rule {rule.body.code} (discount off list) needs.",
        group.product,
        rule.body.code,
    )


def no_rate(group: PurchaseGroup, rule: PricedRule, invoice: InvoiceToPrice) -> Failure:
    """A cost in a currency that can't be converted."""
    day = group.cost_date or group.last_day
    return Failure(
        "no-exchange-rate",
        f"{_named(group)}: they cost {plain(group.cost or Decimal(0))} {group.cost_currency}, and there is no exchange "
        f"rate {group.cost_currency} to {invoice.currency} of {day - MAX_RATE_AGE} to {day}: save one.",
        group.product,
        rule.body.code,
    )


def _named(group: PurchaseGroup) -> str:
    """The purchases as a person finds them."""
    days = str(group.first_day) if group.first_day == group.last_day else f"{group.first_day} to {group.last_day}"
    subscription = f", subscription {group.subscription}" if group.subscription else ""
    source = f", from {group.sources[0]}" if group.sources else ""
    more = f" and {len(group.sources) - 1} more" if len(group.sources) > 1 else ""
    noun = "purchase" if group.lines == 1 else "purchases"
    return f"{group.lines} {noun} of product {group.product}{subscription} on {days}{source}{more}"
