"""Invoices are calculated by themselves as anything they depend on changes, and name what they can't price."""

import asyncio
from decimal import Decimal
from uuid import UUID

from adapters.calculation import StoredCalculationsDue
from commands.customer_invoice.calculate import calculate_due, calculate_now, preview
from commands.ports.calculation import Patience
from commands.provider_invoice.release import release
from domain.identity import Stream
from domain.pricing.items import Calculation, digest
from domain.usage_offer.events import LineRange
from tests.commands.purchases.test_posting import requested
from tests.support.calculating import AT_ONCE, calculate_all, calculation_desk, rule
from tests.support.customer_invoices import created
from tests.support.origins import origin
from tests.support.provider_invoices import types
from tests.support.shop import line


async def test_usage_is_priced_with_its_cost_and_lateness(counter):
    await rule(counter)
    await counter.shop.active([line("1.5"), line("2.25", quantity="3"), line("4", charge_from="2026-01-05")])
    await counter.settle()
    await calculate_all(counter)
    invoice, january = await counter.invoice(), await counter.invoice(month="2026-01")
    (item,) = invoice.items
    assert (invoice.status, january.status) == ("open", "open")
    assert (item.quantity, item.amount, item.cost, item.lines) == (4, Decimal("8.00"), Decimal("3.75"), 2)
    assert (invoice.calculation.revenue_total, invoice.calculation.cost_total) == (Decimal("8.00"), Decimal("3.75"))


async def test_an_invoice_without_purchases_is_open_and_empty(counter):
    await calculate_all(counter)
    invoice = await counter.invoice()
    assert (invoice.status, invoice.items, invoice.calculation.revenue_total) == ("open", (), Decimal("0.00"))


async def test_one_that_cannot_be_calculated_at_all_stops_no_other(counter):
    broken = Stream("customer-invoice", UUID(int=77))
    await counter.append(broken, created(reference="BROKEN").model_copy(update={"currency": "XXX"}))
    await calculate_all(counter)
    assert (await counter.invoice()).status == "open"
    failed = await counter.state(broken.id)
    assert (failed.status, failed.failure.code) == ("error", "unforeseen")
    assert "XXX" in failed.failure.message


async def test_posted_purchases_and_usage_share_an_item(counter):
    await rule(counter)
    await counter.shop.active([line("1")])
    await counter.post({"key": "k-1", "quantity": "2", "cost": "0.5"}, {"key": "k-2"})
    await counter.settle()
    await calculate_all(counter)
    (item,) = (await counter.invoice()).items
    assert (item.quantity, item.amount, item.cost, item.lines) == (4, Decimal("8.00"), Decimal("1.5"), 3)


async def test_what_is_looked_at_again_without_a_change_is_no_event(counter):
    await rule(counter)
    await counter.shop.active([line("1")])
    await counter.settle()
    await calculate_all(counter)
    head = await counter.shop.head()
    assert await calculate_all(counter) == 0
    await rule(counter, "R2", customer="C2", currency="USD")
    assert await calculate_all(counter) == 0
    await rule(counter, "R3", product="P1", valid_from="2030-01-01")
    assert await calculate_all(counter) > 0
    assert await counter.shop.head() == head + 2


async def test_a_changed_rule_changes_the_invoices_it_priced(counter):
    await rule(counter)
    await counter.shop.active([line("1"), line("1", "c-2")])
    await counter.settle()
    await calculate_all(counter)
    await rule(counter, "R2", customer="C1", price={"family": "per_unit", "unit_price": "3"})
    await calculate_all(counter)
    assert [(await counter.invoice(c)).calculation.revenue_total for c in ("C1", "C2")] == [3, 2]
    assert types(await counter.shop.facts(counter.stream()))[-2:] == [
        "customer-invoice.changed",
        "customer-invoice.calculated",
    ]
    await rule(counter, price={"family": "per_unit", "unit_price": "7"})
    await calculate_all(counter)
    assert [(await counter.invoice(c)).calculation.revenue_total for c in ("C1", "C2")] == [3, 7]


async def test_no_rule_is_an_error_that_names_the_purchase_and_mends_itself(counter):
    await counter.shop.active([line("1")])
    await counter.settle()
    await calculate_all(counter)
    invoice = await counter.invoice()
    assert (invoice.status, invoice.failure.code, invoice.failure.product) == ("error", "no-rule", "P1")
    assert "line 1" in invoice.failure.message
    await rule(counter)
    await calculate_all(counter)
    assert (await counter.invoice()).status == "open"


async def test_from_the_third_same_failure_on_it_says_that_trying_does_not_help(counter):
    for n in range(3):
        await counter.post({"key": f"k-{n}"})
        await counter.settle()
        await calculate_all(counter)
    failure = (await counter.invoice()).failure
    assert (failure.tries, "support" in failure.message) == (3, True)


async def test_removed_lines_are_not_priced_any_more(counter):
    await rule(counter)
    invoice = await counter.shop.active([line("1"), line("2"), line("4")])
    await counter.settle()
    await calculate_all(counter)
    await release(
        counter.shop.desk,
        origin(),
        invoice,
        customer_invoice=counter.stream().id,
        lines=[LineRange(first=2, last=2)],
        reason="r",
    )
    await calculate_all(counter)
    (item,) = (await counter.invoice()).items
    assert (item.lines, item.cost, item.amount) == (2, Decimal(5), Decimal("4.00"))


async def test_a_few_lines_of_many_are_found_by_number(counter):
    await rule(counter)
    await counter.shop.active([line("1"), *[line("2", "c-2") for _ in range(60)]])
    await counter.settle()
    await calculate_all(counter)
    assert (await counter.invoice("C1")).calculation.cost_total == Decimal(1)
    assert (await counter.invoice("C2")).calculation.cost_total == Decimal(120)


async def test_costs_in_another_currency_are_converted_or_named(counter):
    await rule(counter, price={"family": "cost_plus", "percent": "10"})
    await counter.post({"cost": "10", "cost_currency": "USD"})
    await counter.settle()
    await calculate_all(counter)
    assert (await counter.invoice()).failure.code == "no-exchange-rate"
    rate = {
        "code": "USD-EUR",
        "from_currency": "USD",
        "to_currency": "EUR",
        "date": "2026-02-01",
        "rate": "0.5",
        "source": "ECB",
    }
    await counter.shop.save("exchange-rate", **rate)
    await calculate_all(counter)
    invoice = await counter.invoice()
    assert (invoice.status, invoice.calculation.revenue_total) == ("open", Decimal("5.50"))


async def test_preview_is_the_calculation(counter):
    await rule(counter)
    await counter.shop.active([line("1"), line("2")])
    await counter.settle()
    seen = await preview(calculation_desk(counter), counter.stream().id)
    assert (await counter.invoice()).status == "pending"
    await calculate_all(counter)
    assert isinstance(seen.result, Calculation)
    assert digest(seen.result) == (await counter.invoice()).calculation.digest


async def test_one_can_be_calculated_now(counter):
    await rule(counter)
    await counter.post({})
    await counter.settle()
    assert (await calculate_now(calculation_desk(counter), origin(), counter.stream().id)).status == "open"


async def test_a_locked_invoice_is_left_alone(counter):
    await rule(counter)
    await calculate_all(counter)
    await counter.append(counter.stream(), requested())
    await rule(counter, "R2", price={"family": "flat_fee", "amount": "5"})
    await calculate_all(counter)
    assert (await counter.invoice()).status == "approving"
    assert (await counter.invoice(month="2026-01")).calculation.revenue_total == 5


async def test_nothing_is_due_before_its_pause_and_two_workers_share(counter):
    due = StoredCalculationsDue(counter.shop.pool)
    assert await due.note() > 0
    assert await due.claim(10, Patience(pause=3600, longest=3600)) == []
    desk = calculation_desk(counter)
    done = await asyncio.gather(*(calculate_due(desk, due, origin(), AT_ONCE, limit=3) for _ in range(4)))
    assert sum(done) == len(await counter.shop.billing.periods.of(["C1", "C2"])) * 3
    assert await due.claim(10, AT_ONCE) == []


async def test_the_order_of_purchases_does_not_matter(counter):
    tiers = [{"up_to": "3", "unit_price": "2"}, {"unit_price": "1"}]
    await rule(counter, price={"family": "graduated", "tiers": tiers})
    new = [{"key": f"k-{n}", "quantity": str(n), "cost": f"0.{n}", "subscription": f"s-{n % 2}"} for n in range(1, 6)]
    for customer, several in (("C1", new), ("C2", new[::-1])):
        for one in several:
            await counter.post({**one, "customer": customer})
            await counter.settle()
            await calculate_all(counter)
    one, two = await counter.invoice("C1"), await counter.invoice("C2")
    figures = [[(i.amount, i.cost, i.quantity, i.lines) for i in invoice.items] for invoice in (one, two)]
    assert figures[0] == figures[1] == [(Decimal(18), Decimal("1.5"), 15, 5)]
