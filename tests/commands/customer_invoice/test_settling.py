"""What waits for an invoice is on it, calculated, when its approval is requested: all of it in one transaction."""

import asyncio
from datetime import date
from decimal import Decimal

import pytest
from psycopg_pool import AsyncConnectionPool

from adapters.calculation import StoredPastReference
from commands.customer_invoice import settling
from commands.customer_invoice.approve import approve
from commands.customer_invoice.approve_many import approve_many
from commands.customer_invoice.certificate import check_numbers
from commands.customer_invoice.request_approval import request_approval
from commands.customer_invoice.rerun import run_again
from commands.handling import Busy
from commands.ports.purchases import Place, Purchase
from commands.purchases.verify import purchase_check
from domain.identity import purchase_id
from domain.rejected import Rejected
from tests.commands.customer_invoice.test_approval import by, refused
from tests.support.invoicing import history_of, open_invoice, open_world
from tests.support.origins import NOW

ADDED, CALCULATED = ["customer-invoice.purchases-added", "customer-invoice.changed"], "customer-invoice.calculated"
REQUESTED = "customer-invoice.approval-requested"
APPROVED = ["customer-invoice.step-approved", "customer-invoice.approved"]


@pytest.fixture
async def world(database):
    """One P1 is two euros."""
    async with open_world(database) as opened:
        await opened.groups()
        await opened.save("customer", code="C1", name="Customer one", bill_from="2026-02-01")
        await opened.save("product", code="P1", name="Compute")
        price = {"family": "per_unit", "unit_price": "2"}
        await opened.save("pricing-rule", code="R1", name="R1", currency="EUR", price=price, product="P1")
        yield opened


async def accept(world, invoice, *keys, state="waiting", product="P1"):
    """One piece each, that cost us a euro."""
    several = [
        (
            Purchase(
                purchase_id("C1", key), key, "C1", product, Decimal(1), date(2026, 2, 3), NOW, f"d-{key}",
                cost=Decimal(1), currency="EUR",
            ),
            Place(state, invoice),
        )
        for key in keys
    ]  # fmt: skip
    await world.desk.billing.purchases.accept(several, at=NOW, actor="x")


async def types_of(world, invoice):
    return [fact.type for fact in (await history_of(world.store, invoice)).facts][2:]


async def many(desk, origin, invoice):
    (one,) = await approve_many(desk, origin, [invoice], include_empty=True)
    if one.refused is not None:
        raise one.refused


@pytest.mark.parametrize("state", ["arriving", "waiting"])
@pytest.mark.parametrize(("verb", "after"), [(request_approval, []), (approve, APPROVED), (many, APPROVED)])
async def test_a_request_takes_in_what_waits_and_locks_the_totals_with_it(world, verb, after, state):
    invoice = await open_invoice(world.store)
    await accept(world, invoice, "a", "b", state=state)
    await verb(world.desk, by("ann"), invoice)
    found = await world.state(invoice)
    assert await types_of(world, invoice) == [*ADDED, CALCULATED, REQUESTED, *after]
    assert (found.lines, found.calculation.revenue_total, found.calculation.cost_total) == (2, Decimal(4), Decimal(2))
    assert (found.approval or found.approved) is not None
    places = await world.desk.billing.purchases.find([purchase_id("C1", key) for key in ("a", "b")])
    assert {one.place.state for one in places.values()} == {"invoiced"}
    assert [problem async for problem in purchase_check(world.desk.billing)] == [None]


async def test_the_stored_calculation_can_be_run_again(world):
    invoice = await open_invoice(world.store)
    await accept(world, invoice, "a", "b")
    done = (await approve(world.desk, by("ann"), invoice)).outcome
    assert done.version == (await history_of(world.store, invoice)).version
    async with AsyncConnectionPool(world.database, kwargs={"autocommit": True}) as pool:
        past = StoredPastReference(pool, world.desk.calculation.reference)
        again = await run_again(world.desk.calculation, past, invoice)
    assert again.result.revenue_total == done.state.approved.revenue_total == Decimal(4)
    assert not (await check_numbers(world.store)).findings


@pytest.mark.parametrize("verb", [request_approval, approve, many])
async def test_what_can_not_be_calculated_is_an_error_that_is_named(world, verb):
    await world.save("product", code="P2", name="Unpriced")
    invoice = await open_invoice(world.store)
    await accept(world, invoice, "a", product="P2")
    with pytest.raises(Rejected, match="P2") as no:
        await verb(world.desk, by("ann"), invoice)
    found = await world.state(invoice)
    assert (no.value.code, found.status, found.lines) == ("invoice-error", "error", 1)
    assert await refused(verb(world.desk, by("ann"), invoice)) == "invoice-error"


@pytest.mark.parametrize("verb", [request_approval, approve, many])
async def test_more_than_a_batch_is_left_to_the_worker(world, verb, monkeypatch):
    monkeypatch.setattr(settling, "MOST", 2)
    invoice = await open_invoice(world.store)
    await accept(world, invoice, "a", "b", "c")
    head = await world.store.head()
    assert await refused(verb(world.desk, by("ann"), invoice)) == "invoice-pending"
    assert await world.store.head() == head


@pytest.mark.parametrize("verb", [request_approval, approve, many])
async def test_who_may_not_approve_changes_nothing(world, verb):
    invoice = await open_invoice(world.store, period_to=NOW.date())
    await accept(world, invoice, "a")
    head = await world.store.head()
    assert await refused(verb(world.desk, by("ann"), invoice)) == "period-not-past"
    assert await world.store.head() == head


async def test_of_many_at_once_one_takes_them_in(world):
    invoice = await open_invoice(world.store)
    await accept(world, invoice, *"abcdef")

    async def one(person, verb):
        try:
            await verb(world.desk, by(person), invoice)
        except (Rejected, Busy):
            return False
        return True

    verbs = [approve, request_approval, many] * 2
    done = await asyncio.gather(*(one(p, v) for p, v in zip(["ann", "bob"] * 3, verbs, strict=True)))
    assert any(done)
    kinds = await types_of(world, invoice)
    assert (kinds.count(ADDED[0]), kinds.count(CALCULATED), kinds.count(REQUESTED)) == (1, 1, 1)
    assert (await world.state(invoice)).calculation.revenue_total == Decimal(12)
