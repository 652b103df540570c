"""A small world of prices: what a test doesn't say is October 2026, customer K-1 in EUR, product VM."""

import datetime as dt
from decimal import Decimal
from uuid import UUID

from domain.pricing.calculate import Calculation, Failure, InvoiceToPrice, calculate
from domain.pricing.context import PricedProduct, PricedRule, PricingContext, Rate
from domain.pricing.purchases import PurchaseGroup
from domain.pricing.rule import PricingRuleBody
from domain.reference.bodies import ListPrice

OCTOBER = dt.date(2026, 10, 1)
SEPTEMBER = dt.date(2026, 9, 1)
INVOICE = UUID("5b1f6c2e-0000-4000-8000-000000000001")


def day(number: int, month: int = 10) -> dt.date:
    return dt.date(2026, month, number)


def per_unit(price: str = "1") -> dict:
    return {"family": "per_unit", "unit_price": price}


def tiered(family: str, *tiers: tuple[str | None, str]) -> dict:
    return {"family": family, "tiers": [{"up_to": up_to, "unit_price": price} for up_to, price in tiers]}


def body(code: str = "R", price: dict | None = None, **rest) -> PricingRuleBody:
    values = {"code": code, "name": f"Rule {code}", "price": price or per_unit(), "currency": "EUR", **rest}
    return PricingRuleBody.model_validate(values)


def rule(code: str = "R", price: dict | None = None, *, version: int = 1, **rest) -> PricedRule:
    return PricedRule(version, body(code, price, **rest))


def product(code: str = "VM", category: str | None = "compute", unit: str | None = "h", **rest) -> PricedProduct:
    factors = {name: Decimal(factor) for name, factor in rest.get("factors", {}).items()}
    prices = tuple(ListPrice(currency=c, valid_from=d, price=Decimal(p)) for c, d, p in rest.get("prices", ()))
    return PricedProduct(rest.get("version", 1), code, category, unit, factors, prices)


def rate(on: dt.date, value: str, from_currency: str = "USD", to_currency: str = "EUR") -> Rate:
    code = f"{from_currency}-{to_currency}-{on}"
    return Rate(1, code, from_currency, to_currency, on, Decimal(value))


def context(*rules: PricedRule, products=(), rates=(), position: int = 7) -> PricingContext:
    return PricingContext(position, rules, tuple(products) or (product(),), tuple(rates))


def bought(quantity: str = "1", on: dt.date = OCTOBER, **rest) -> PurchaseGroup:
    cost = rest.pop("cost", None)
    values = {
        "product": "VM",
        "subscription": None,
        "first_day": on,
        "last_day": on,
        "period": on.replace(day=1),
        "quantity": Decimal(quantity),
        "cost": None if cost is None else Decimal(cost),
    }
    return PurchaseGroup(**{**values, **rest})


def invoice(**rest) -> InvoiceToPrice:
    values = {
        "id": INVOICE,
        "type": "periodical",
        "customer": "K-1",
        "clusters": ("NEAR", "FAR"),
        "currency": "EUR",
        "period_from": OCTOBER,
        "period_to": day(31),
    }
    return InvoiceToPrice(**{**values, **rest})


def priced(groups, ctx: PricingContext, **rest) -> Calculation:
    result = calculate(invoice(**rest), groups, ctx)
    assert isinstance(result, Calculation), result
    return result


def refused(groups, ctx: PricingContext, **rest) -> Failure:
    result = calculate(invoice(**rest), groups, ctx)
    assert isinstance(result, Failure), result
    return result


def amounts(result: Calculation) -> list[str]:
    return [format(item.amount, "f") for item in result.items]


def amount_of(price: dict, *groups: PurchaseGroup, **products_) -> str:
    """The one item of these purchases under this price."""
    [amount] = amounts(priced(groups, context(rule("R", price), products=[product(**products_)])))
    return amount
