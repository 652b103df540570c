"""A contract's invoice is deleted: given one, when it goes, then its entries are to be billed again, for its customer."""

from decimal import Decimal

import pytest_asyncio

from commands.customer_invoice.delete import delete
from domain.customer_invoice.state import fold
from domain.identity import Stream
from tests.support.agreements import WORK, build, d, hours, seats
from tests.support.invoicing import open_invoicing
from tests.support.origins import origin


@pytest_asyncio.fixture
async def erase(agreed, database):
    """Delete the invoice that a customer got."""
    async with open_invoicing(agreed.shop.desk.store, agreed.shop.pool, database) as desk:

        async def erased(billed, customer="C1"):
            (made,) = [one for one in billed.invoices if one.customer == customer]
            done = await delete(desk, origin(), made.id, "wrong")
            assert fold((await desk.store.load(Stream("customer-invoice", made.id))).facts).status == "deleted"
            return done

        yield erased


async def only(results):
    (one,) = await results
    return one


async def test_an_entry_whose_date_is_past_is_overdue_then_and_billed_on_request(agreed, erase):
    contract = await agreed.signed(lines={"seats": seats()})
    billed = await only(agreed.run("2026-02-02", contract))
    await erase(billed)
    (entry,) = (await agreed.entries(contract)).values()
    assert (entry.status, entry.live, entry.reactivated) == ("active", frozenset(), d("2026-03-02"))
    assert await agreed.next_run(contract) == d("2026-03-02")
    march = await only(agreed.run("2026-03-02", contract))
    assert [one.total for one in march.invoices] == ["31.00"]
    again = await only(agreed.run("2026-02-02", contract, overdue_from=d("2026-02-02")))
    assert [one.total for one in again.invoices] == ["31.00"]
    assert (await agreed.invoice(again)).reference == "K-1/2026-02-02/2"


async def test_an_entry_whose_date_is_still_to_come_is_taken_by_its_run(agreed, erase):
    contract = await agreed.signed(lines={"seats": seats()}, offset=30)
    january = await only(agreed.run("2026-03-02", contract))
    await erase(january)
    assert await agreed.next_run(contract) == d("2026-03-02")
    assert (await only(agreed.run("2026-03-02", contract))).outcome == "invoiced"


async def test_deleting_twice_gives_back_once(agreed, erase):
    contract = await agreed.signed(lines={"seats": seats()})
    billed = await only(agreed.run("2026-02-02", contract))
    assert (await erase(billed)).outcome.changed
    assert not (await erase(billed)).outcome.changed


async def test_transactions_and_milestones_are_free_again(agreed, erase):
    contract = await agreed.signed(lines={"work": WORK, "build": build(("M1", "2026-01-21", "100", True))})
    await agreed.record(contract, "work", hours("a", "2026-01-05"), hours("b", "2026-01-06"))
    billed = await only(agreed.run("2026-01-21", contract))
    assert [one.total for one in billed.invoices] == ["280.00"]
    ledger = agreed.billing.ledger
    assert await ledger.taken(contract, "work") == {"a", "b"}
    await erase(billed)
    assert await ledger.taken(contract, "work") == frozenset()
    again = await only(agreed.run("2026-01-21", contract, overdue_from=d("2026-01-01")))
    assert [one.total for one in again.invoices] == ["280.00"]
    assert await ledger.taken(contract, "work") == {"a", "b"}


async def test_of_two_customers_the_other_keeps_its_invoice_and_only_one_is_billed_again(agreed, erase):
    contract = await agreed.signed(
        lines={"seats": seats(), "work": WORK, "build": build(("M1", "2026-01-20", "100", True))},
        customers=(("C1", "50"), ("C2", "50")),
    )
    await agreed.record(contract, "work", hours("a", "2026-01-05"))
    first = await only(agreed.run("2026-01-21", contract))
    assert sorted((one.customer, one.total) for one in first.invoices) == [("C1", "95.00"), ("C2", "95.00")]
    await erase(first, "C2")
    assert await agreed.billing.ledger.taken(contract, "work") == {"a"}
    await agreed.record(contract, "work", hours("late", "2026-01-06"))
    again = await only(agreed.run("2026-01-21", contract, overdue_from=d("2026-01-01")))
    assert [(one.customer, one.total) for one in again.invoices] == [("C2", "95.00")]
    await erase(first, "C1")
    assert await agreed.billing.ledger.taken(contract, "work") == {"a"}
    await erase(again, "C2")
    assert await agreed.billing.ledger.taken(contract, "work") == frozenset()
    both = await only(agreed.run("2026-01-21", contract, overdue_from=d("2026-01-01")))
    assert sum(Decimal(one.total) for one in both.invoices) == Decimal("280.00")
