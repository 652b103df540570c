"""A contract's invoice is recalculated: given one, when the contract has changed, then its entries come to what holds
now, and no later invoice corrects what it has corrected.
"""

from decimal import Decimal

import pytest

from adapters.calculation import StoredPastReference
from adapters.licences import StoredLicences
from adapters.verifying import StoredContracts
from commands.billing_contract.add_line import NewLine, add_line
from commands.billing_contract.amend import amend
from commands.billing_contract.explaining import explain_contract_item
from commands.billing_contract.generate import generate
from commands.billing_contract.mark_ready import mark_ready
from commands.billing_contract.verify_ledger import ledger_check
from commands.customer_invoice.delete import delete
from commands.customer_invoice.rerun import run_all_again
from commands.ports.event_store import Save, Write
from domain.billing_contract.lines import change_price, change_quantity, end_line
from domain.billing_contract.shares import Share
from domain.identity import Stream
from tests.support.agreements import WORK, build, d, hours, seats
from tests.support.customer_invoices import approved_fact
from tests.support.invoicing import recalculated
from tests.support.origins import origin
from tests.support.shop import line

JANUARY = d("2026-01-01")
HALVES = (("C1", "50"), ("C2", "50"))


@pytest.fixture
def again(agreed, desk):
    """Recalculate a customer's invoice; what it comes to, and that it can be run again with what each run saw."""

    async def once_more(billed, customer="C1"):
        (made,) = [one for one in billed.invoices if one.customer == customer]
        state = await recalculated(desk, origin(), made.id)
        reference = agreed.shop.billing.reference
        past = StoredPastReference(agreed.shop.pool, reference)
        runs = [one async for some in run_all_again(desk.calculation, past, desk.billing.purchases) for one in some]
        assert runs
        assert all(one.sound for one in runs)
        pages = [page async for page in ledger_check(agreed.billing, StoredContracts(agreed.shop.pool))]
        assert [finding for page in pages for finding in page.findings] == []
        return state.calculation.revenue_total

    return once_more


async def only(results):
    (one,) = await results
    return one


async def price(agreed, contract, value, day="2026-01-01"):
    await agreed.change(contract, lambda known: change_price(known, "seats", d(day), Decimal(value)))


async def quantity(agreed, contract, value, day):
    await agreed.change(contract, lambda known: change_quantity(known, "seats", d(day), Decimal(value)))


def totals(billed):
    return {one.customer: one.total for one in billed.invoices}


async def items(agreed, billed, customer="C1"):
    return [(i.kind, i.contract_line, i.amount) for i in (await agreed.invoice(billed, customer)).items]


async def opened(agreed, billed, number=0, customer="C1"):
    state = await agreed.invoice(billed, customer)
    (made,) = [one for one in billed.invoices if one.customer == customer]
    store, ledger = agreed.shop.desk.store, agreed.billing.ledger
    return await explain_contract_item(store, ledger, made.id, state, state.items[number])


async def test_a_new_price_is_on_it_and_the_next_cycle_corrects_nothing(agreed, again):
    contract = await agreed.signed(lines={"seats": seats()})
    january = await only(agreed.run("2026-02-02", contract))
    await price(agreed, contract, "6.2")
    assert await again(january) == Decimal("62.00")
    shown = await opened(agreed, january)
    assert [(one.quantity, one.price) for one in shown.segments] == [(Decimal(10), Decimal("6.2"))]
    assert (shown.whole, shown.part, shown.billed) == (Decimal("62.00"), Decimal("62.00"), None)
    february = await only(agreed.run("2026-03-02", contract))
    assert await items(agreed, february) == [("subscription", "seats", Decimal("62.00"))]


@pytest.mark.parametrize(
    ("policy", "fewer", "more"),
    [("prorated", "250.00", "360.00"), ("none", "310.00", "360.00"), ("full", "124.00", "465.00")],
)
async def test_a_quantity_under_each_refund_policy(agreed, again, policy, fewer, more):
    for number, (count, expected) in enumerate((("4", fewer), ("15", more))):
        contract = await agreed.signed(f"K-{number}", {"seats": seats(price="31")}, refund_policy=policy)
        january = await only(agreed.run("2026-02-02", contract))
        assert totals(january) == {"C1": "310.00"}
        await quantity(agreed, contract, count, "2026-01-22")
        assert await again(january) == Decimal(expected)
        february = await only(agreed.run("2026-03-02", contract))
        assert await items(agreed, february) == [("subscription", "seats", Decimal(count) * 31)]


async def test_of_two_customers_one_is_recalculated_and_the_other_is_corrected_by_the_next(agreed, again):
    lines = {"seats": seats(), "work": WORK, "build": build(("M1", "2026-01-20", "100", True))}
    contract = await agreed.signed(lines=lines, customers=HALVES)
    await agreed.record(contract, "work", hours("a", "2026-01-05", price="100"))
    first = await only(agreed.run("2026-02-02", contract))
    assert totals(first) == {"C1": "115.50", "C2": "115.50"}
    shares = [Share("C1", Decimal(70)), Share("C2", Decimal(30))]
    await amend(agreed.desk, origin(), contract, {}, customers=shares, shares_from=JANUARY)
    # 21.70 of seats; the hour and the milestone were split once, and C2 has its half
    assert await again(first) == Decimal("121.70")
    milestone = next(n for n, one in enumerate(await items(agreed, first)) if one[0] == "fixed_price")
    assert (await opened(agreed, first, milestone)).share == Decimal(50)
    assert (await agreed.invoice(first, "C2")).calculation.revenue_total == Decimal("115.50")
    february = await only(agreed.run("2026-03-02", contract))
    assert await items(agreed, february, "C1") == [("subscription", "seats", Decimal("21.70"))]
    assert await items(agreed, february, "C2") == [
        ("correction", "seats", Decimal("-6.20")),
        ("subscription", "seats", Decimal("9.30")),
    ]
    assert await again(first, "C2") == Decimal("115.50")  # February has its correction: it is not taken twice


async def test_nothing_new_is_taken(agreed, again):
    lines = {"work": WORK, "build": build(("M1", "2026-01-20", "100", True), ("M2", "2026-01-20", "7", False))}
    contract = await agreed.signed(lines=lines)
    await agreed.record(contract, "work", hours("a", "2026-01-05"))
    billed = await only(agreed.run("2026-01-21", contract))
    await mark_ready(agreed.desk, origin(), contract, "build", ready=True, milestone="M2")
    await agreed.record(contract, "work", hours("b", "2026-01-06"))
    assert await again(billed) == Decimal("190.00")
    assert await agreed.billing.ledger.taken(contract, "work") == {"a"}
    state = await agreed.invoice(billed)
    assert state.contract.version == state.billed_version, "nothing differs, so nothing is said"
    later = await only(agreed.run("2026-02-18", contract))
    assert totals(later) == {"C1": "97.00"}


async def test_a_line_that_began_in_the_cycle_is_on_it_and_one_that_ended_before_is_not(agreed, again):
    contract = await agreed.signed(lines={"seats": seats(), "old": seats()})
    january = await only(agreed.run("2026-02-02", contract))
    late = NewLine("late", "late", d("2026-01-31"), None, seats(price="31"))
    await add_line(agreed.desk, origin(), contract, late)
    await add_line(agreed.desk, origin(), contract, NewLine("next", "next", d("2026-02-01"), None, seats()))
    await agreed.change(contract, lambda known: end_line(known, "old", d("2026-01-11")))
    assert await again(january) == Decimal("51.00")
    assert await items(agreed, january) == [
        ("subscription", "seats", Decimal("31.00")),
        ("subscription", "old", Decimal("10.00")),
        ("subscription", "late", Decimal("10.00")),
    ]
    february = await only(agreed.run("2026-03-02", contract))
    assert {kind for kind, _, _ in await items(agreed, february)} == {"subscription"}


async def test_a_correction_that_rides_on_it_is_recomputed_less_what_others_bill(agreed, again, desk):
    contract = await agreed.signed(lines={"seats": seats(price="31")})
    january = await only(agreed.run("2026-02-02", contract))
    await quantity(agreed, contract, "15", "2026-01-22")
    february = await only(agreed.run("2026-03-02", contract))
    assert await items(agreed, february) == [
        ("correction", "seats", Decimal("50.00")),
        ("subscription", "seats", Decimal("465.00")),
    ]
    await quantity(agreed, contract, "20", "2026-01-27")
    assert await again(february) == Decimal("695.00")  # 75.00 for January, 620.00
    assert await again(january) == Decimal("310.00"), "what February corrects is no part of January's invoice"
    shown = await opened(agreed, february)
    assert (shown.item.amount, shown.part, shown.billed) == (Decimal("75.00"), Decimal("385.00"), Decimal("310.00"))
    await quantity(agreed, contract, "10", "2026-01-22")
    await quantity(agreed, contract, "10", "2026-01-27")
    assert await again(february) == Decimal("310.00")
    assert await items(agreed, february) == [("subscription", "seats", Decimal("310.00"))]
    march = await only(agreed.run("2026-04-02", contract))
    assert totals(march) == {"C1": "310.00"}
    await delete(desk, origin(), february.invoices[0].id, "wrong")
    anew = await only(agreed.run("2026-03-02", contract, overdue_from=JANUARY))
    assert totals(anew) == {"C1": "310.00"}


async def test_what_others_corrected_since_stays_with_them(agreed, again):
    contract = await agreed.signed(lines={"seats": seats(price="31")})
    january = await only(agreed.run("2026-02-02", contract))
    await quantity(agreed, contract, "15", "2026-01-22")
    february = await only(agreed.run("2026-03-02", contract))
    await price(agreed, contract, "62")
    assert await again(january) == Decimal("670.00")
    shown = await opened(agreed, january)
    assert (shown.item.kind, shown.part, shown.billed) == ("subscription", Decimal("720.00"), Decimal("50.00"))
    assert await again(february) == Decimal("980.00")  # 50.00 stay, 930.00 for February
    march = await only(agreed.run("2026-04-02", contract))
    assert totals(march) == {"C1": "930.00"}


async def test_it_may_come_to_nothing_or_less(agreed, again):
    contract = await agreed.signed(lines={"seats": seats(price="31")})
    await agreed.run("2026-02-02", contract)
    await quantity(agreed, contract, "4", "2026-01-01")
    february = await only(agreed.run("2026-03-02", contract))
    assert totals(february) == {"C1": "-62.00"}  # 186.00 too much for January, 124.00 for February
    await quantity(agreed, contract, "0", "2026-02-01")
    assert await again(february) == Decimal("-186.00")
    await quantity(agreed, contract, "10", "2026-01-01")
    assert await again(february) == Decimal("0.00")


async def test_the_difference_to_an_approved_one_is_recomputed(agreed, again):
    contract = await agreed.signed(lines={"seats": seats()})
    made = (await generate(agreed.billing, origin(), contract, JANUARY)).outcome.invoices[0]
    store = agreed.shop.desk.store
    history = await store.load(Stream("customer-invoice", made.id))
    await store.append(Save(origin(), (Write(history, (approved_fact(made.reference, "C1", "INV-1"),)),)))
    await price(agreed, contract, "6.2")
    difference = (await generate(agreed.billing, origin(), contract, JANUARY, replace=True)).outcome
    assert totals(difference) == {"C1": "31.00"}
    await price(agreed, contract, "9.3")
    assert await again(difference) == Decimal("62.00")
    assert await items(agreed, difference) == [
        ("subscription", "seats", Decimal("93.00")),
        ("negation", "seats", Decimal("-31.00")),
    ]
    february = await only(agreed.run("2026-03-02", contract))
    assert totals(february) == {"C1": "93.00"}


async def test_costs_of_licences_are_those_that_are_known_now(agreed, again):
    contract = await agreed.signed(lines={"seats": seats(subscription="S-1")})
    licence = {"kind": "licence", "charge": "purchase", "charge_to": "2026-12-31", "subscription": "S-1"}
    await agreed.shop.active([line("30", charge_from="2026-01-01", **licence)])
    licences = StoredLicences(agreed.shop.pool)
    await licences.gather()
    january = await only(agreed.run("2026-02-02", contract))
    await price(agreed, contract, "6.2")
    assert await again(january) == Decimal("62.00")
    assert (await agreed.invoice(january)).calculation.cost_total == Decimal(30)
    await agreed.shop.active([line("12", charge_from="2026-01-02", **licence)], number="F-2")
    await licences.gather()
    assert await again(january) == Decimal("62.00")
    assert (await agreed.invoice(january)).calculation.cost_total == Decimal(42)


async def test_what_it_corrects_leaves_nothing_to_a_last_run_of_the_contract(agreed, again):
    contract = await agreed.signed(lines={"seats": seats()}, ends=d("2026-02-01"))
    january = await only(agreed.run("2026-02-02", contract))
    assert await agreed.next_run(contract) is None
    await price(agreed, contract, "6.2")
    assert await agreed.next_run(contract) is not None, "nothing is left that a correction could ride with"
    assert await again(january) == Decimal("62.00")
    assert await agreed.next_run(contract) is None
