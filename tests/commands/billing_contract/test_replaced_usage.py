"""Usage of a replaced invoice: all of it goes to the newer one, and back when that is deleted; never twice, never lost."""

import asyncio
from dataclasses import replace

import pytest
import pytest_asyncio

from commands.billing_contract.generate import generate
from commands.customer_invoice.approve_many import approve_many
from commands.customer_invoice.recalculate import recalculate
from commands.provider_invoice.release import release
from commands.provider_invoice.reoffer import reoffer
from commands.provider_invoice.usage import usage_sums
from commands.purchases.cancel import cancel
from domain.rejected import Rejected
from domain.usage_offer.events import LineRange
from tests.support.agreements import d
from tests.support.calculating import calculate_all
from tests.support.counter import Counter
from tests.support.customer_invoices import closed
from tests.support.gates import Gate, overtaken
from tests.support.invoicing import open_invoicing
from tests.support.origins import origin
from tests.support.replacing import PRICE, Billed
from tests.support.shop import line


@pytest_asyncio.fixture
async def desk(agreed, database):
    store, pool = agreed.shop.desk.store, agreed.shop.pool
    async with open_invoicing(store, pool, database, invoices=agreed.shop.desk) as invoicing:
        desk = Billed(agreed, Counter(agreed.shop), invoicing)
        await desk.begin()
        yield desk


async def test_the_newer_one_holds_all_that_the_old_one_held(desk):
    before = await desk.state(desk.old)
    new = await desk.replaced()
    old, state = await desk.state(desk.old), await desk.state(new)
    assert (state.lines, state.cost, state.status) == (before.lines, before.cost, "open")
    assert (state.holdings, state.posted) == (before.holdings, before.posted)
    assert (old.lines, old.superseded.by, old.status, old.items) == (0, new.id, "open", before.items)
    assert new.total == desk.old.total == "71.00"  # seats and 2 + 3 + 10 + 1 of P1
    assert await desk.places() == {("invoiced", new.id)}
    (customer,) = [c for c in (await usage_sums(desk.shop.desk, desk.usage)).customers if c.customer == "C1"]
    assert (customer.invoiced, customer.offered) == (12, 0)
    assert await desk.findings() == []
    received = [one for entry in (await desk.agreed.entries(desk.contract)).values() for one in entry.received]
    assert {one.invoice for one in received} == {new.id}
    await desk.counter.settle()
    assert await desk.findings() == []


async def test_what_waits_by_then_is_taken_together_with_what_is_handed_over(desk):
    await desk.counter.post({"key": "late", "quantity": "4"})
    more = await desk.shop.create("6.00", "F-2")
    await desk.shop.upload(more, [line("6", quantity="1")])
    await desk.shop.activate(more)
    await desk.counter.settle()
    new = await desk.replaced()
    assert new.total == "71.00"  # late purchases wait for the cycle after
    after = await desk.generate("2026-03-01")
    assert after.total == "43.50"
    assert await desk.findings() == []


async def test_deleting_the_newer_one_gives_all_back(desk):
    before = await desk.state(desk.old)
    await desk.delete(await desk.replaced())
    old = await desk.state(desk.old)
    assert (old.status, old.superseded) == ("pending", None)
    assert (old.holdings, old.posted) == (before.holdings, before.posted)
    assert await desk.places() == {("invoiced", desk.old.id)}
    again = await desk.calculated(desk.old)
    assert (again.status, again.items) == ("open", before.items)
    assert await desk.findings() == []
    new = await desk.replaced()
    assert (await desk.state(new)).posted == before.posted
    assert await desk.findings() == []


async def test_what_left_the_old_one_before_does_not_come_back_with_it(desk):
    await cancel(desk.shop.billing, origin(), desk.posted[0], "wrong")
    chosen = [LineRange(first=1, last=1)]
    await release(desk.shop.desk, origin(), desk.usage, customer_invoice=desk.old.id, lines=chosen, reason="wrong")
    new = await desk.replaced()
    assert new.total == "41.00"  # seats, 3 of the line that is left, 1 of "b"
    assert await desk.findings() == []
    await desk.delete(new)
    assert (await desk.calculated(desk.old)).lines == 2
    assert (await desk.state(desk.old)).calculation.revenue_total == 41
    assert await desk.findings() == []


async def test_what_leaves_the_newer_one_does_not_come_back_to_the_old_one(desk):
    new = await desk.replaced()
    await cancel(desk.shop.billing, origin(), desk.posted[0], "wrong")
    chosen = [LineRange(first=2, last=2)]
    await release(desk.shop.desk, origin(), desk.usage, customer_invoice=new.id, lines=chosen, reason="wrong")
    await desk.delete(new)
    assert (await desk.calculated(desk.old)).calculation.revenue_total == 38.5  # seats, 2 of the other line, 1 of "b"
    assert await desk.findings() == []
    await reoffer(desk.shop.desk, origin(), desk.usage, reason="right after all")
    await desk.follow()
    assert (await desk.generate("2026-03-01")).total == "38.50"
    assert await desk.findings() == []


async def test_lines_are_released_from_the_newer_one_only(desk):
    new = await desk.replaced()
    with pytest.raises(Rejected) as no:
        await release(desk.shop.desk, origin(), desk.usage, customer_invoice=desk.old.id, reason="wrong")
    assert (no.value.code, no.value.facts["superseded_by"]) == ("superseded", str(new.id))
    await release(desk.shop.desk, origin(), desk.usage, customer_invoice=new.id, reason="wrong")
    assert (await desk.state(new)).lines == 2
    assert await desk.findings() == []


async def test_deleting_the_old_one_gives_nothing_back_and_deleting_the_newer_one_then_frees_all(desk):
    new = await desk.replaced()
    await desk.delete(desk.old)
    assert (await desk.state(new)).lines == 4
    assert await desk.places() == {("invoiced", new.id)}
    assert await desk.findings() == []
    await desk.delete(new)
    assert (await desk.state(desk.old)).status == "deleted"
    assert {state for state, _ in await desk.places()} == {"waiting"}
    assert await desk.findings() == []
    assert (await desk.generate()).total == "71.00"
    assert await desk.findings() == []


async def test_an_old_one_that_was_closed_meanwhile_stays_closed(desk):
    new = await desk.replaced()
    await closed(desk.shop.desk.store, desk.old.id)
    await desk.delete(new)
    assert ((await desk.state(desk.old)).status, (await desk.state(desk.old)).lines) == ("closed", 0)
    assert {state for state, _ in await desk.places()} == {"waiting"}
    assert await desk.findings() == []
    assert (await desk.generate()).total == "71.00"
    assert await desk.findings() == []


async def test_a_chain_of_replacements_is_undone_from_its_end(desk):
    second = await desk.replaced()
    third = await desk.replaced()
    assert [(await desk.state(one)).lines for one in (desk.old, second, third)] == [0, 0, 4]
    assert await desk.findings() == []
    await desk.delete(third)
    assert [(await desk.state(one)).lines for one in (desk.old, second)] == [0, 4]
    assert await desk.findings() == []
    await desk.delete(second)
    assert (await desk.state(desk.old)).lines == 4
    assert await desk.findings() == []


async def test_the_middle_of_a_chain_has_nothing_to_give_back(desk):
    second = await desk.replaced()
    third = await desk.replaced()
    await desk.delete(second)
    assert ((await desk.state(desk.old)).superseded.by, (await desk.state(third)).lines) == (second.id, 4)
    assert await desk.findings() == []
    await desk.delete(third)
    assert (await desk.state(desk.old)).lines == 0
    assert {state for state, _ in await desk.places()} == {"waiting"}
    assert await desk.findings() == []


async def test_usage_of_several_entries_goes_on_being_of_each(desk):
    """An invoice that bills two cycles at once: of one offer, lines of both."""
    lines = [line("4", quantity="2", charge_from="2026-03-02"), line("8", quantity="3", charge_from="2026-04-03")]
    await desk.shop.activate(await uploaded(desk, [*lines, line("2", quantity="1", charge_from="2026-03-04")]))
    await desk.counter.post({"key": "march", "time": "2026-03-02T12:00:00Z"})
    await desk.counter.post({"key": "april", "time": "2026-04-02T12:00:00Z", "quantity": "2"})
    await desk.counter.settle()
    (billed,) = await desk.agreed.run("2026-05-02", desk.contract, overdue_from=d("2026-04-01"))
    (both,) = billed.invoices
    before = await received_by(desk, both.id)
    assert before == {"2026-03-01": 3, "2026-04-01": 2}
    new = await desk.generate("2026-04-01", replace=True)
    assert (new.total, (await desk.state(new)).lines) == (both.total, 5)
    assert (await received_by(desk, both.id), await received_by(desk, new.id)) == ({}, before)
    assert await desk.findings() == []
    await desk.delete(new)
    assert (await received_by(desk, both.id), await received_by(desk, new.id)) == (before, {})
    assert (await desk.state(both)).lines == 5
    assert await desk.findings() == []


async def test_a_closed_one_keeps_its_usage_and_the_cycle_is_billed_without(desk):
    await closed(desk.shop.desk.store, desk.old.id)
    new = await desk.replaced()
    assert (new.total, (await desk.state(new)).lines) == ("31.00", 0)
    assert ((await desk.state(desk.old)).lines, await desk.places()) == (4, {("invoiced", desk.old.id)})
    assert await desk.findings() == []
    await desk.delete(new)
    assert ((await desk.state(desk.old)).status, (await desk.state(desk.old)).lines) == ("closed", 4)
    assert await desk.findings() == []


async def test_a_purchase_that_is_cancelled_while_the_invoice_is_replaced_is_on_none(desk):
    gate = Gate()
    calculation = replace(desk.agreed.billing.calculation, store=gate.before(desk.agreed.billing.store))
    slow = replace(desk.agreed.billing, calculation=calculation)
    held = generate(slow, origin(), desk.contract, d("2026-02-01"), replace=True)
    done, _ = await overtaken(gate, held, cancel(desk.shop.billing, origin(), desk.posted[0], "wrong"))
    (new,) = done.outcome.invoices
    assert (new.total, (await desk.state(new)).lines) == ("46.00", 3)
    assert await desk.findings() == []


async def test_two_who_replace_at_once_make_a_chain_or_are_refused(desk):
    made = await asyncio.gather(desk.replaced(), desk.replaced())
    lines = sorted([(await desk.state(one)).lines for one in {one.id: one for one in made}.values()])
    assert lines == [0, 4]
    assert (await desk.state(desk.old)).lines == 0
    assert await desk.findings() == []


async def uploaded(desk, lines):
    """A provider invoice over several months."""
    days = {"period_from": d("2026-03-01"), "period_to": d("2026-04-30")}
    invoice = await desk.shop.create(str(sum(int(one["amount"]) for one in lines)), "F-2", **days)
    await desk.shop.upload(invoice, lines)
    return invoice


async def received_by(desk, invoice):
    """Entry -> how many purchases the invoice took for it."""
    found: dict[str, int] = {}
    for entry in (await desk.agreed.entries(desk.contract)).values():
        for one in entry.received:
            if one.invoice == invoice:
                first = entry.ref.first.isoformat()
                found[first] = found.get(first, 0) + one.lines
    return found


async def test_an_old_one_that_was_never_calculated_is_taken_over_and_comes_back(desk):
    await recalculate(desk.invoicing, origin(), desk.old.id)
    new = await desk.replaced()
    await desk.shop.save("pricing-rule", **PRICE, price={"family": "per_unit", "unit_price": "5"})
    await calculate_all(desk.counter)
    old = await desk.state(desk.old)
    assert (old.status, old.calculation.revenue_total, old.calculations) == ("pending", 71, 1)
    (result,) = await approve_many(desk.invoicing, origin(), [desk.old.id])
    assert (result.changed, result.refused.code) == (False, "superseded")
    await desk.delete(new)
    await calculate_all(desk.counter)
    assert ((await desk.state(desk.old)).status, (await desk.state(desk.old)).calculation.revenue_total) == (
        "open",
        111,
    )
    assert await desk.findings() == []
