"""A contract's invoice changes by itself never: given one, when prices change, then it stays until it is recalculated."""

from decimal import Decimal

from commands.customer_invoice.recalculate import recalculate
from commands.provider_invoice.release import release
from domain.billing_contract.parts import UsageTerms
from domain.usage_offer.events import LineRange
from tests.support.agreements import seats
from tests.support.calculating import calculate_all, rule
from tests.support.counter import Counter
from tests.support.invoicing import open_invoicing
from tests.support.origins import origin
from tests.support.shop import line


async def test_a_new_price_is_only_taken_when_it_is_recalculated(agreed, database):
    counter = Counter(agreed.shop)
    await rule(counter)
    contract = await agreed.signed(lines={"seats": seats(), "usage": UsageTerms(everything=True)})
    await counter.settle()
    usage = await agreed.shop.active([line("4", quantity="2"), line("5", quantity="3")])
    await counter.settle()
    (billed,) = await agreed.run("2026-03-02", contract)
    before = await agreed.invoice(billed)
    assert before.calculation.revenue_total == Decimal("72.00")  # two cycles of seats, and 5 at 2.00
    await rule(counter, "R2", product="P1", price={"family": "per_unit", "unit_price": "3"})
    await calculate_all(counter)
    assert await agreed.invoice(billed) == before
    async with open_invoicing(agreed.shop.desk.store, agreed.shop.pool, database) as desk:
        await recalculate(desk, origin(), billed.invoices[0].id)
    assert (await agreed.invoice(billed)).status == "pending"
    await calculate_all(counter)
    after = await agreed.invoice(billed)
    assert (after.status, after.calculation.revenue_total) == ("open", Decimal("77.00"))
    lines, made = (LineRange(first=1, last=1),), billed.invoices[0].id
    await release(agreed.shop.desk, origin(), usage, customer_invoice=made, reason="wrong", lines=lines)
    await calculate_all(counter)
    assert (await agreed.invoice(billed)).calculation.revenue_total == Decimal("71.00")
