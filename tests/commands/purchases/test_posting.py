"""Posting purchases: each its own result, none lost, none twice."""

import asyncio
from decimal import Decimal

import pytest
from pydantic import ValidationError

from commands.purchases.cancel import cancel
from commands.purchases.new import NewPurchase
from commands.purchases.verify import purchase_check
from domain.customer_invoice import approval_events as a
from domain.customer_invoice import events as e
from tests.support.counter import purchase
from tests.support.origins import origin

JANUARY, FEBRUARY, MARCH = "2026-01", "2026-02", "2026-03"


def closed(customer="C1", reference="C1 2026-02-01"):
    return e.CustomerInvoiceClosed(customer=customer, reference=reference, reason="r", lines=0, cost=Decimal(0))


def requested(customer="C1", reference="C1 2026-02-01"):
    return a.ApprovalRequested(
        customer=customer,
        reference=reference,
        process="default",
        process_version=0,
        steps=(a.ApprovalStep(),),
        requested_by="bob",
        snapshot=a.CustomerSnapshot(code=customer, version=1, name="N"),
        revenue_total=Decimal(0),
        cost_total=Decimal(0),
        currency="EUR",
        item_count=0,
    )


def reopened(customer="C1", reference="C1 2026-02-01"):
    return a.Reopened(customer=customer, reference=reference, cause="withdrawn")


async def test_a_purchase_goes_to_the_invoice_of_its_month(counter):
    (result,) = await counter.post({"cost": "4.5"})
    assert (result.outcome, result.state, result.invoice) == ("accepted", "arriving", counter.stream().id)
    await counter.settle()
    invoice = await counter.invoice()
    assert (invoice.lines, invoice.cost, invoice.status) == (1, Decimal("4.5"), "pending")
    assert (await counter.purchase("k-1")).place.state == "invoiced"


async def test_a_repeat_is_a_duplicate_another_content_a_conflict(counter):
    first, again, other = await counter.post({}, {}, {"quantity": "2"})
    assert [first.outcome, again.outcome, other.outcome] == ["accepted", "duplicate", "conflict"]
    (later,) = await counter.post({})
    assert later.outcome == "duplicate"
    assert later.id == first.id
    await counter.settle()
    assert (await counter.invoice()).lines == 1


async def test_a_bad_one_refuses_no_other(counter):
    results = await counter.post(
        {"key": "a"},
        {"key": "b", "customer": "NOBODY"},
        {"key": "c", "product": "NOTHING"},
        {"key": "d", "quantity": "-1", "corrects": "missing"},
        {"key": "e"},
    )
    assert [r.outcome for r in results] == ["accepted", "rejected", "rejected", "rejected", "accepted"]
    assert [r.code for r in results] == [None, "unknown-customer", "unknown-product", "unknown-purchase", None]


async def test_the_day_is_that_of_the_customer(counter):
    await counter.customer("C3", time_zone="Asia/Tokyo")
    (result,) = await counter.post({"customer": "C3", "time": "2026-01-31T16:00:00Z"})
    assert result.invoice == counter.stream("C3", FEBRUARY).id


async def test_before_bill_from_is_kept_and_without_it_unrouted(counter):
    await counter.customer("C3", bill_from="2026-02-10")
    await counter.customer("C4", bill_from=None)
    early, never = await counter.post({"customer": "C3"}, {"customer": "C4"})
    assert (early.state, never.state) == ("excluded", "unrouted")


async def test_an_unknown_reference_is_held(counter):
    (result,) = await counter.post({"reference": "PROJECT-1"})
    assert result.state == "held"
    assert (await counter.purchase("k-1")).place.reason == "unknown-reference"


async def test_a_period_still_to_come_waits_for_its_invoice(counter):
    await counter.post({"time": "2026-04-03T12:00:00Z"})
    await counter.settle()
    assert (await counter.purchase("k-1")).place.state == "waiting"
    counter.now = counter.now.replace(month=4)
    await counter.begin("C1")
    await counter.settle()
    assert (await counter.invoice(month="2026-04")).lines == 1


async def test_behind_a_locked_invoice_it_waits_and_the_stream_is_not_touched(counter):
    await counter.append(counter.stream(), requested())
    await counter.post({})
    await counter.settle()
    state = await counter.invoice()
    assert (state.status, state.lines) == ("approving", 0)
    assert (await counter.purchase("k-1")).place.state == "waiting"
    await counter.append(counter.stream(), reopened())
    await counter.settle()
    assert (await counter.invoice()).lines == 1


async def test_what_waited_for_an_invoice_that_became_final_goes_to_the_next_open_period(counter):
    await counter.append(counter.stream(), requested())
    await counter.post({})
    await counter.settle()
    await counter.append(counter.stream(), closed())
    await counter.settle()
    assert (await counter.invoice(month=FEBRUARY)).lines == 0
    assert (await counter.invoice(month=MARCH)).lines == 1


async def test_a_purchase_of_a_final_period_is_late_on_the_next_one(counter):
    await counter.append(counter.stream(), closed())
    (result,) = await counter.post({})
    assert result.invoice == counter.stream(month=MARCH).id
    await counter.settle()
    assert (await counter.invoice(month=MARCH)).lines == 1


async def test_costs_in_several_currencies_are_batches_of_their_own(counter):
    await counter.post(
        {"key": "a", "cost": "1"},
        {"key": "b", "cost": "2", "cost_currency": "USD"},
        {"key": "c"},
        {"key": "d", "cost": "0"},
    )
    await counter.settle()
    held = sorted((h.currency, h.lines, h.cost) for h in (await counter.invoice()).posted.values())
    assert held == [("EUR", 1, Decimal(0)), ("EUR", 2, Decimal(1)), ("USD", 1, Decimal(2))]


async def test_many_posters_at_once_lose_nothing(counter):
    async def poster(number):
        return [await counter.post({"key": f"{number}-{n}", "cost": "1"}) for n in range(10)]

    results = await asyncio.gather(*(poster(n) for n in range(8)))
    assert {r.outcome for several in results for one in several for r in one} == {"accepted"}
    await counter.settle()
    invoice = await counter.invoice()
    assert (invoice.lines, invoice.cost) == (80, Decimal(80))


@pytest.mark.parametrize(
    "wrong",
    [
        {"quantity": "1e30"},
        {"quantity": "NaN"},
        {"quantity": "0.0000000000000001"},
        {"cost_currency": "EUR"},
        {"corrects": "k-0"},
        {"time": "2026-02-03T12:00:00"},
        {"key": ""},
        {"color": "red"},
        {"attributes": {"a": "\x00"}},
    ],
)
def test_a_wrong_shape_is_refused(wrong):
    with pytest.raises(ValidationError):
        NewPurchase.model_validate(purchase(**wrong))


async def test_rows_are_what_events_say_and_a_lost_one_is_found(counter):
    await counter.post(*({"key": f"k-{n}", "cost": str(n)} for n in range(5)))
    await counter.settle()
    stored = await counter.purchase("k-3")
    await cancel(counter.shop.billing, origin(), stored.purchase.id, "typed twice")
    assert [found async for found in purchase_check(counter.shop.billing)] == [None]
    async with counter.shop.pool.connection() as connection:
        await connection.execute("UPDATE purchase_place SET batch = NULL WHERE seq = %s", (stored.seq,))
    (found,) = [found async for found in purchase_check(counter.shop.billing)]
    assert "4 rows" in found
    assert (await counter.invoice()).lines == 4
