"""Usage of a replaced invoice: all of it goes to the newer one, and back when that is deleted; never twice, never lost."""

import pytest
import pytest_asyncio

from adapters.calculation import StoredPastReference
from adapters.purchases import StoredPurchases
from adapters.verifying import StoredContracts, StoredPlaces
from commands.billing_contract.generate import generate
from commands.billing_contract.verify_ledger import ledger_check
from commands.customer_invoice.calculate import calculate_now
from commands.customer_invoice.delete import delete
from commands.customer_invoice.rerun import run_all_again
from commands.customer_invoice.verify_holdings import holdings_check
from commands.provider_invoice.release import release
from commands.provider_invoice.reoffer import reoffer
from commands.provider_invoice.usage import leak_check, usage_sums
from commands.purchases.cancel import cancel
from commands.purchases.follow_contracts import follow_contracts
from commands.purchases.verify import purchase_check
from domain.billing_contract.parts import UsageTerms
from domain.rejected import Rejected
from domain.usage_offer.events import LineRange
from tests.support.agreements import d, seats
from tests.support.counter import Counter
from tests.support.customer_invoices import closed
from tests.support.invoicing import open_invoicing
from tests.support.origins import origin
from tests.support.shop import line

EVERYTHING = {"seats": seats(), "usage": UsageTerms(everything=True)}
FEBRUARY = d("2026-02-01")


class Desk:
    """A contract whose February is billed with two lines of a provider invoice and two posted purchases."""

    def __init__(self, agreed, counter, invoicing):
        self.agreed, self.counter, self.invoicing = agreed, counter, invoicing
        self.shop = agreed.shop

    async def begin(self):
        self.contract = await self.agreed.signed(lines=EVERYTHING)
        await self.generate("2026-01-01")
        await self.counter.settle()
        self.usage = await self.shop.active([line("4", quantity="2"), line("8", quantity="3"), line("1", "c-2")])
        first, second = await self.counter.post({"key": "a", "quantity": "10"}, {"key": "b", "cost": "1"})
        self.posted = (first.id, second.id)
        await self.counter.settle()
        self.old = await self.generate()

    async def generate(self, cycle="2026-02-01", **more):
        done = await generate(self.agreed.billing, origin(), self.contract, d(cycle), **more)
        (made,) = done.outcome.invoices
        return made

    async def replaced(self):
        """The newer invoice of February."""
        return await self.generate(replace=True)

    async def state(self, made):
        return await self.counter.state(made.id)

    async def delete(self, made):
        await delete(self.invoicing, origin(), made.id, "wrong")
        await self.follow()

    async def follow(self):
        await self.counter.settle()
        await follow_contracts(self.shop.billing, await self.shop.billing.contracts.changed_since(0, 1000))
        await self.counter.settle()

    async def calculated(self, made):
        return await calculate_now(self.agreed.billing.calculation, origin(), made.id)

    async def places(self):
        return {key: (await self.counter.purchase(key)).place for key in ("a", "b")}

    async def findings(self):
        """What `verify` would say."""
        store, pool = self.shop.desk.store, self.shop.pool
        held = [f for page in [p async for p in holdings_check(store, StoredPlaces(pool))]
                for f in (*page.places, *page.offers)]  # fmt: skip
        rows = [finding async for finding in purchase_check(self.shop.billing) if finding]
        leaks = [one.leaks async for one in leak_check(self.shop.desk) if one.leaks]
        ledger = [f async for page in ledger_check(self.agreed.billing, StoredContracts(pool)) for f in page.findings]
        past = StoredPastReference(pool, self.shop.billing.reference)
        again = run_all_again(self.agreed.billing.calculation, past, StoredPurchases(pool))
        unlike = [one.why or one.now async for some in again for one in some if one.possible and not one.sound]
        return [*held, *rows, *leaks, *ledger, *unlike]


@pytest_asyncio.fixture
async def desk(agreed, database):
    body = {"code": "R1", "name": "R1", "product": "P1", "currency": "EUR"}
    await agreed.shop.save("pricing-rule", **body, price={"family": "per_unit", "unit_price": "2.5"})
    store, pool = agreed.shop.desk.store, agreed.shop.pool
    async with open_invoicing(store, pool, database, invoices=agreed.shop.desk) as invoicing:
        desk = Desk(agreed, Counter(agreed.shop), invoicing)
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
    assert {place.destination for place in (await desk.places()).values()} == {new.id}
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
    assert {place.destination for place in (await desk.places()).values()} == {desk.old.id}
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
    assert {place.destination for place in (await desk.places()).values()} == {new.id}
    assert await desk.findings() == []
    await desk.delete(new)
    assert (await desk.state(desk.old)).status == "deleted"
    assert {place.state for place in (await desk.places()).values()} == {"waiting"}
    assert await desk.findings() == []
    assert (await desk.generate()).total == "71.00"
    assert await desk.findings() == []


async def test_an_old_one_that_was_closed_meanwhile_stays_closed(desk):
    new = await desk.replaced()
    await closed(desk.shop.desk.store, desk.old.id)
    await desk.delete(new)
    assert ((await desk.state(desk.old)).status, (await desk.state(desk.old)).lines) == ("closed", 0)
    assert {place.state for place in (await desk.places()).values()} == {"waiting"}
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
    assert {place.state for place in (await desk.places()).values()} == {"waiting"}
    assert await desk.findings() == []
