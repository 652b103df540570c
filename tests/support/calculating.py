"""Calculating at a counter, step by step and without waiting for pauses."""

from typing import Any

from adapters.calculation import StoredCalculationsDue, StoredSums
from commands.customer_invoice.calculate import calculate_due
from commands.customer_invoice.pricing import CalculationDesk
from commands.ports.calculation import Patience
from tests.support.counter import Counter
from tests.support.origins import origin

AT_ONCE = Patience(pause=0)


def calculation_desk(counter: Counter) -> CalculationDesk:
    """What calculating works with."""
    return CalculationDesk(counter.shop.desk.store, StoredSums(counter.shop.pool), counter.shop.billing.reference)


async def calculate_all(counter: Counter, patience: Patience = AT_ONCE) -> int:
    """Read the feed, and calculate all that is due; how many were looked at."""
    due, looked = StoredCalculationsDue(counter.shop.pool), 0
    for _ in range(20):
        await due.note()
        some = await calculate_due(calculation_desk(counter), due, origin(counter.now), patience)
        if not some:
            return looked
        looked += some
    raise AssertionError("calculations do not come to rest")


async def rule(counter: Counter, code: str = "R1", **more: Any) -> None:
    """A pricing rule: 2 EUR a unit for everything, unless said otherwise."""
    price = {"family": "per_unit", "unit_price": "2"}
    body = {"code": code, "name": code, "currency": "EUR", "price": price, **more}
    await counter.shop.save("pricing-rule", **body)
