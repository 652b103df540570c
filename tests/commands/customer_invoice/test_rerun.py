"""Stored calculations run again with what they saw: the same bytes, whatever happened since."""

from datetime import date

from adapters.calculation import StoredPastReference
from commands.customer_invoice.create import AdHoc, create
from commands.customer_invoice.delete import delete
from commands.customer_invoice.rerun import run_all_again
from commands.provider_invoice.correct_header import correct_header
from commands.provider_invoice.release import release
from commands.provider_invoice.take_out import deactivate
from commands.purchases.cancel import cancel
from domain.usage_offer.events import LineRange
from tests.support.calculating import calculate_all, calculation_desk, rule
from tests.support.invoicing import open_invoicing
from tests.support.origins import origin
from tests.support.shop import line


async def rerun_all(counter):
    past = StoredPastReference(counter.shop.pool, counter.shop.billing.reference)
    found = run_all_again(calculation_desk(counter), past, counter.shop.billing.purchases)
    return [rerun async for some in found for rerun in some]


async def test_a_stored_calculation_run_again_is_the_same_whatever_changed_since(counter):
    await rule(counter)
    await counter.shop.active([line("1"), line("2", "c-2")])
    await counter.post({"quantity": "3", "cost": "1"})
    await counter.settle()
    await calculate_all(counter)
    await rule(counter, price={"family": "per_unit", "unit_price": "9"})
    await rule(counter, "R2", customer="C1", price={"family": "cost_plus", "percent": "1"})
    await counter.shop.save("product", code="P1", name="Compute", unit="h")
    stale = await rerun_all(counter)
    await calculate_all(counter)
    fresh = await rerun_all(counter)
    assert {r.sound for r in fresh} == {True}
    assert {r.stored for r in stale} < {r.stored for r in fresh}, "all there ever were, not only the last ones"
    assert {r.calculation for r in fresh} == {1, 2}


async def test_calculations_before_purchases_left_are_run_again(counter):
    await rule(counter)
    invoice = await counter.shop.active([line("1"), line("2"), line("4")])
    (first, _) = await counter.post({"key": "a", "quantity": "3"}, {"key": "b", "quantity": "5"})
    await counter.settle()
    await calculate_all(counter)
    lines = [LineRange(first=2, last=3)]
    to = counter.stream().id
    await release(counter.shop.desk, origin(), invoice, customer_invoice=to, lines=lines, reason="r")
    await cancel(counter.shop.billing, origin(), first.id, "wrong")
    await calculate_all(counter)
    february = [r for r in await rerun_all(counter) if r.invoice == to]
    assert [(r.calculation, r.sound) for r in february] == [(1, True), (2, True)]


async def test_a_calculation_whose_purchases_went_on_cannot_be_run_again_and_says_why(counter, database):
    await rule(counter)
    wanted = AdHoc("C1", "AH-1", date(2026, 3, 1), date(2026, 2, 1), "EUR", date(2026, 2, 28))
    async with open_invoicing(counter.shop.desk.store, counter.shop.pool, database) as desk:
        to = (await create(desk, origin(), wanted)).outcome.id
        await counter.post({"key": "a", "reference": "AH-1"})
        await counter.settle()
        await calculate_all(counter)
        await delete(desk, origin(), to, "r")
        assert [(r.sound, r.possible) for r in await rerun_all(counter) if r.invoice == to] == [(True, True)]
        await create(desk, origin(), wanted)
        await counter.settle()
        await calculate_all(counter)
    first, second = (r for r in await rerun_all(counter) if r.invoice == to)
    assert (first.sound, first.possible, "since this one gave them away" in first.why) == (False, False, True)
    assert (second.sound, second.possible) == (True, True)


async def test_costs_are_converted_by_the_date_of_the_attempt_that_is_held(counter):
    await rule(counter, price={"family": "cost_plus", "percent": "0"})
    for day, rate in (("2026-03-01", "2"), ("2026-03-09", "3")):
        pair = {"from_currency": "USD", "to_currency": "EUR", "date": day, "rate": rate, "source": "ECB"}
        await counter.shop.save("exchange-rate", code=f"USD-{day}", **pair)
    invoice = await counter.shop.create("10.00", currency="USD")
    await counter.shop.upload(invoice, [line("10", currency="USD")])
    await counter.shop.activate(invoice)
    await counter.settle()
    await calculate_all(counter)
    assert (await counter.invoice()).calculation.revenue_total == 20
    desk = counter.shop.desk
    await release(desk, origin(), invoice, customer_invoice=counter.stream().id, reason="r")
    await deactivate(desk, origin(), invoice, reason="r")
    later = {"invoice_date": date(2026, 3, 9)}
    await correct_header(desk, origin(), invoice, lambda header: header.model_copy(update=later))
    await counter.shop.activate(invoice)
    await counter.settle()
    await calculate_all(counter)
    assert (await counter.invoice()).calculation.revenue_total == 30
    assert {r.sound for r in await rerun_all(counter)} == {True}
