"""Usage of approved invoices at other prices: the difference is billed once, however often the entry is billed anew."""

from decimal import Decimal

import pytest
import pytest_asyncio

from domain.billing_contract.lines import change_price
from domain.rejected import Rejected
from tests.commands.billing_contract.test_replacing import approved
from tests.support.agreements import d
from tests.support.counter import Counter
from tests.support.invoicing import open_invoicing
from tests.support.replacing import PRICE, Billed
from tests.support.shop import line


@pytest_asyncio.fixture
async def desk(agreed, database):
    store, pool = agreed.shop.desk.store, agreed.shop.pool
    async with open_invoicing(store, pool, database, invoices=agreed.shop.desk) as invoicing:
        desk = Billed(agreed, Counter(agreed.shop), invoicing)
        await desk.begin()
        yield desk


async def priced_at(desk, unit_price):
    await desk.shop.save("pricing-rule", **PRICE, price={"family": "per_unit", "unit_price": unit_price})


async def test_a_difference_of_usage_alone_is_billed_once(desk):
    await approved(desk.agreed, desk.old.id)
    await priced_at(desk, "5")
    first = await desk.replaced()
    assert first.total == "40.00"
    assert await desk.findings() == []
    again = await desk.replaced()
    assert (await desk.state(first)).superseded is not None
    assert again.total == "40.00"
    await approved(desk.agreed, again.id)
    with pytest.raises(Rejected) as no:
        await desk.replaced()
    assert no.value.code == "no-difference"
    assert await desk.findings() == []


async def test_a_deleted_difference_of_usage_is_billed_again(desk):
    await approved(desk.agreed, desk.old.id)
    await priced_at(desk, "5")
    first = await desk.replaced()
    await desk.delete(first)
    again = await desk.replaced()
    assert (again.total, again.id != first.id) == ("40.00", True)
    assert await desk.findings() == []


async def test_it_is_found_by_every_cycle_of_the_approved_one(desk):
    """An approved invoice over two cycles: the difference is made for one of them, then the other one is named."""
    lines = [line("4", quantity="2", charge_from="2026-03-02"), line("8", quantity="3", charge_from="2026-04-03")]
    days = {"period_from": d("2026-03-01"), "period_to": d("2026-04-30")}
    both = await desk.shop.create("12", "F-2", **days)
    await desk.shop.upload(both, lines)
    await desk.shop.activate(both)
    await desk.counter.settle()
    (billed,) = await desk.agreed.run("2026-05-02", desk.contract, overdue_from=d("2026-04-01"))
    await approved(desk.agreed, billed.invoices[0].id)
    await priced_at(desk, "5")
    await desk.agreed.change(desk.contract, lambda known: change_price(known, "seats", d("2026-04-01"), Decimal("6.2")))
    first = await desk.generate("2026-03-01", replace=True)
    again = await desk.generate("2026-04-01", replace=True)
    third = await desk.generate("2026-03-01", replace=True)
    assert first.total == again.total == third.total
    assert await desk.findings() == []
    await desk.delete(third)
    assert (await desk.state(again)).superseded is None
    assert await desk.findings() == []
