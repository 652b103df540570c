"""Reference data that prices are made of, each with the version it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.pricing.rule import PricingRuleBody
from domain.reference.bodies import ExchangeRateBody, ListPrice, ProductBody


@dataclass(frozen=True, slots=True)
class PricedRule:
    """A rule and which version of it this is."""

    version: int
    body: PricingRuleBody


@dataclass(frozen=True, slots=True)
class PricedProduct:
    """What pricing needs to know of a product. `unit_factors`: how many of its `unit` one of another unit is."""

    version: int
    code: str
    category: str | None
    unit: str | None
    unit_factors: Mapping[str, Decimal]
    list_prices: tuple[ListPrice, ...]

    @classmethod
    def of(cls, version: int, body: ProductBody) -> "PricedProduct":
        """A product as it was saved."""
        return cls(version, body.code, body.category, body.unit, body.unit_factors, body.list_prices)


@dataclass(frozen=True, slots=True)
class Rate:
    """One unit of `from_currency` in `to_currency` on a day."""

    version: int
    code: str
    from_currency: str
    to_currency: str
    date: date
    rate: Decimal

    @classmethod
    def of(cls, version: int, body: ExchangeRateBody) -> "Rate":
        """An exchange rate as it was saved."""
        return cls(version, body.code, body.from_currency, body.to_currency, body.date, body.rate)


def list_price(product: PricedProduct, currency: str, day: date) -> Decimal | None:
    """The latest list price in this currency that is valid on a day; None: there is none."""
    fitting = [price for price in product.list_prices if price.currency == currency and price.valid_from <= day]
    return max(fitting, key=lambda price: price.valid_from).price if fitting else None
