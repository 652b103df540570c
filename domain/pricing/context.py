"""What prices are made of, as it stood at one position of the reference data."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Final

from domain.pricing.known import PricedProduct, PricedRule, Rate
from domain.pricing.selection import Selection

__all__ = ["MAX_RATE_AGE", "PricedProduct", "PricedRule", "PricingContext", "Rate"]

MAX_RATE_AGE: Final = timedelta(days=7)


@dataclass(frozen=True)
class PricingContext:
    """Everything in force at `position`; what is retired is left out by whoever loads it.

    It indexes what it holds on first use: make one for many invoices.
    """

    position: int
    rules: tuple[PricedRule, ...]
    products: tuple[PricedProduct, ...]
    rates: tuple[Rate, ...]

    def boundaries(self, first: date, last: date) -> tuple[date, ...]:
        """Every day in `(first, last]` on which a rule or a list price starts or stops to hold, rising.

        Purchases between two of them (from one day on, up to the day before the next) may be summed before they are
        priced.
        """
        days = self._days
        return days[bisect_right(days, first) : bisect_right(days, last)]

    def segment(self, day: date) -> int:
        """Number of the stretch between two boundaries that a day lies in."""
        return bisect_right(self._days, day)

    def product(self, code: str) -> PricedProduct | None:
        """The product of this code."""
        return self._products.get(code)

    def rate(self, from_currency: str, to_currency: str, day: date) -> Rate | None:
        """The latest rate not after a day and at most seven days old; None: there is none."""
        rates = self._rates.get((from_currency, to_currency), ())
        number = bisect_right(rates, day, key=lambda rate: rate.date)
        return rates[number - 1] if number and day - rates[number - 1].date <= MAX_RATE_AGE else None

    @cached_property
    def selection(self) -> Selection:
        """Which rules apply to whom."""
        return Selection(self.rules, self.segment)

    @cached_property
    def _days(self) -> tuple[date, ...]:
        bodies = [rule.body for rule in self.rules]
        days = {day for body in bodies for day in (body.valid_from, body.valid_to) if day is not None}
        return tuple(sorted(days | {price.valid_from for product in self.products for price in product.list_prices}))

    @cached_property
    def _products(self) -> dict[str, PricedProduct]:
        return {product.code: product for product in self.products}

    @cached_property
    def _rates(self) -> dict[tuple[str, str], list[Rate]]:
        found: dict[tuple[str, str], list[Rate]] = {}
        for rate in sorted(self.rates, key=lambda rate: (rate.date, rate.code)):
            found.setdefault((rate.from_currency, rate.to_currency), []).append(rate)
        return found
