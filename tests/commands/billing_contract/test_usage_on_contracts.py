"""Usage lines of contracts: what waits for a cycle goes to the invoice that bills it, priced, once; late ones to the next."""

import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
import pytest_asyncio

from commands.billing_contract.bill import bill_many
from commands.billing_contract.billing_desk import Asked
from commands.billing_contract.generate import generate, preview
from commands.customer_invoice import route_usage as routing
from commands.customer_invoice.delete import delete
from commands.provider_invoice import offered
from commands.provider_invoice.release import release
from commands.provider_invoice.reoffer import reoffer
from commands.provider_invoice.take_out import deactivate
from commands.provider_invoice.usage import usage_sums
from commands.purchases.follow_contracts import follow_contracts
from domain.billing_contract.parts import UsageTerms
from domain.rejected import Rejected
from tests.support.agreements import Agreements, d, seats
from tests.support.counter import Counter
from tests.support.gates import Gate
from tests.support.invoicing import open_invoicing
from tests.support.origins import origin
from tests.support.shop import line

EVERYTHING = UsageTerms(everything=True)


@pytest_asyncio.fixture
async def counter(agreed: Agreements) -> Counter:
    """Where purchases are posted; one P1 costs 2.50."""
    body = {"code": "R1", "name": "R1", "product": "P1", "currency": "EUR"}
    await agreed.shop.save("pricing-rule", **body, price={"family": "per_unit", "unit_price": "2.5"})
    return Counter(agreed.shop)


async def test_usage_of_a_cycle_is_on_its_invoice_priced_and_followed_by_nothing(agreed, counter):
    contract = await agreed.signed(lines={"seats": seats(), "usage": EVERYTHING})
    await counter.settle()
    invoice_in = await agreed.shop.active([line("4", quantity="2"), line("8", quantity="3", charge_from="2026-03-01")])
    await counter.post({"key": "a", "quantity": "10"}, {"key": "jan", "time": "2026-01-20T12:00:00Z"})
    await counter.settle()
    january, february = [(await agreed.run(day, contract))[0] for day in ("2026-02-02", "2026-03-02")]
    assert [one.total for one in (*january.invoices, *february.invoices)] == ["33.50", "61.00"]
    invoice = await agreed.invoice(february)
    assert (invoice.status, invoice.lines, [item.kind for item in invoice.items]) == (
        "open",
        2,
        ["subscription", "price"],
    )
    assert not (await usage_sums(agreed.shop.desk, invoice_in)).leaks
    taken = [one for entry in (await agreed.entries(contract)).values() for one in entry.received]
    assert [(one.reference, one.lines) for one in taken if one.ref.first == d("2026-02-01")] == [
        (invoice.reference, 1),
        (invoice.reference, 1),
    ]
    stored = await counter.purchase("a")
    assert stored.place.reason is None
    assert (stored.place.state, stored.place.destination) == ("invoiced", february.invoices[0].id)
    assert (await agreed.run("2026-03-02", contract))[0].outcome == "nothing_to_bill"


@pytest.mark.parametrize("later", [0, 3])
async def test_a_run_takes_all_of_a_large_offer_in_batches(agreed, counter, monkeypatch, later):
    contract = await agreed.signed(lines={"usage": EVERYTHING})
    await counter.settle()
    lines = [line("1", charge_from="2026-03-01" if n % 2 and n < 2 * later else "2026-02-03") for n in range(20)]
    invoice_in = await agreed.shop.active(lines)
    await counter.settle()
    monkeypatch.setattr(routing, "MAX_BATCH", 3)
    monkeypatch.setattr(routing, "BATCHES", 2)
    (february,) = await agreed.run("2026-03-02", contract)
    invoice = await agreed.invoice(february)
    assert (invoice.lines, invoice.cost) == (20 - later, Decimal(20 - later))
    (entry,) = [one for one in (await agreed.entries(contract)).values() if one.received]
    assert [one.lines for one in entry.received] == [3] * ((20 - later) // 3) + [2]
    (march,) = await agreed.run("2026-04-02", contract)
    assert [(await agreed.invoice(march)).lines for _ in march.invoices] == ([later] if later else [])
    assert not (await usage_sums(agreed.shop.desk, invoice_in)).leaks


async def test_lines_scattered_among_those_of_other_cycles_go_in_batches_that_an_event_can_name(
    agreed, counter, monkeypatch
):
    contract = await agreed.signed(lines={"usage": EVERYTHING})
    await counter.settle()
    invoice_in = await agreed.shop.active(
        [line("1", charge_from="2026-03-01" if n % 2 else "2026-02-03") for n in range(20)]
    )
    await counter.settle()
    monkeypatch.setattr(offered, "MAX_RANGES", 4)
    billed = [(await agreed.run(day, contract))[0] for day in ("2026-03-02", "2026-04-02")]
    assert [(await agreed.invoice(one)).lines for one in billed] == [10, 10]
    received = [entry.received for entry in (await agreed.entries(contract)).values() if entry.received]
    assert [[one.lines for one in some] for some in received] == [[4, 4, 2], [4, 4, 2]]
    assert not (await usage_sums(agreed.shop.desk, invoice_in)).leaks


async def test_usage_alone_makes_an_invoice_and_late_usage_goes_to_the_next(agreed, counter):
    contract = await agreed.signed(lines={"usage": EVERYTHING})
    await counter.settle()
    await counter.post({"key": "a", "time": "2026-01-20T12:00:00Z"})
    (billed,) = await agreed.run("2026-02-02", contract)
    invoice = await agreed.invoice(billed)
    assert (invoice.period_from, invoice.period_to, billed.invoices[0].total) == (
        d("2026-01-01"),
        d("2026-01-31"),
        "2.50",
    )
    await counter.post({"key": "late", "time": "2026-01-21T12:00:00Z"})
    (billed,) = await agreed.run("2026-03-02", contract)
    assert [item.late_period for item in (await agreed.invoice(billed)).items] != [None]
    assert billed.invoices[0].total == "2.50"
    assert (await agreed.run("2026-04-02", contract))[0].outcome == "nothing_to_bill"


async def test_usage_that_no_rule_prices_makes_an_invoice_in_error(agreed):
    counter = Counter(agreed.shop)
    contract = await agreed.signed(lines={"usage": EVERYTHING})
    await counter.settle()
    await counter.post({"key": "a"})
    (billed,) = await agreed.run("2026-03-02", contract)
    assert (billed.outcome, len(billed.warnings)) == ("invoiced", 1)
    assert (await agreed.invoice(billed)).status == "error"


async def test_a_deleted_invoice_gives_its_usage_back_to_the_cycle(agreed, counter, database):
    contract = await agreed.signed(lines={"seats": seats(), "usage": EVERYTHING})
    await counter.settle()
    invoice_in = await agreed.shop.active([line("4", quantity="2")])
    await counter.post({"key": "a", "quantity": "10"})
    await counter.settle()
    (billed,) = await agreed.run("2026-03-02", contract)
    total = billed.invoices[0].total
    async with open_invoicing(agreed.shop.desk.store, agreed.shop.pool, database) as desk:
        await delete(desk, origin(), billed.invoices[0].id, "wrong")
    await counter.settle()
    await follow_contracts(agreed.shop.billing, await agreed.shop.billing.contracts.changed_since(0, 1000))
    assert (await counter.purchase("a")).place.state == "waiting"
    assert not [one for entry in (await agreed.entries(contract)).values() for one in entry.received]
    assert not (await usage_sums(agreed.shop.desk, invoice_in)).leaks
    (again,) = await agreed.run("2026-03-02", contract, overdue_from=date(2026, 1, 1))
    assert [one.total for one in again.invoices] == [str(Decimal(total))]


async def test_a_line_waits_for_the_providers_that_had_usage_in_the_cycle_before(agreed, counter):
    contract = await agreed.signed(lines={"seats": seats(), "usage": UsageTerms(everything=True, wait_for_providers=5)})
    await counter.settle()
    await agreed.shop.active([line("4", quantity="2")])  # of February
    await counter.settle()
    assert [one.outcome for one in await agreed.run("2026-03-02", contract)] == ["invoiced"]
    (billed,) = await agreed.run("2026-04-02", contract)
    assert (billed.outcome, len(billed.warnings)) == ("invoiced", 1)  # the seats are not held
    (held,) = await agreed.run("2026-04-03", contract)
    assert (held.outcome, held.code) == ("skipped", "waiting-for-providers")
    assert "2026-04-07" in held.reason
    assert (await agreed.run("2026-04-06", contract))[0].outcome == "skipped"
    assert (await agreed.run("2026-04-07", contract))[0].outcome == "nothing_to_bill"
    assert await agreed.next_run(contract) == d("2026-05-02")


async def test_it_is_billed_as_soon_as_the_missing_provider_is_there(agreed, counter):
    contract = await agreed.signed(lines={"usage": UsageTerms(everything=True, wait_for_providers=20)})
    await counter.settle()
    await agreed.shop.active([line("4", quantity="2")])
    await counter.settle()
    assert (await agreed.run("2026-03-02", contract))[0].outcome == "invoiced"
    assert (await agreed.run("2026-04-02", contract))[0].code == "waiting-for-providers"
    march = {"period_from": d("2026-03-01"), "period_to": d("2026-03-31")}
    invoice = await agreed.shop.create("6.00", "F-2", **march)
    await agreed.shop.upload(invoice, [line("6", quantity="4", charge_from="2026-03-09")])
    assert (await agreed.run("2026-04-03", contract))[0].code == "waiting-for-providers"
    assert (await agreed.shop.activate(invoice)).state.status == "active"
    assert (await agreed.run("2026-04-03", contract))[0].code == "waiting-for-providers"  # its offers are not read yet
    await counter.settle()
    (billed,) = await agreed.run("2026-04-04", contract)
    assert [one.total for one in billed.invoices] == ["10.00"]


async def test_by_hand_it_is_billed_without_and_told_who_is_missing(agreed, counter):
    contract = await agreed.signed(lines={"usage": UsageTerms(everything=True, wait_for_providers=20)})
    await counter.settle()
    await agreed.shop.active([line("4", quantity="2")])
    await counter.post({"key": "march", "time": "2026-03-20T12:00:00Z"})
    await counter.settle()
    february = await preview(agreed.billing, origin(), contract, d("2026-02-01"))
    assert not [one for one in february.warnings if "ACME" in one]
    await generate(agreed.billing, origin(), contract, d("2026-02-01"))
    missing = "Line usage, 2026-03-01 to 2026-03-31, is billed without ACME: nothing came yet."
    seen = await preview(agreed.billing, origin(), contract, d("2026-03-01"))
    assert missing in seen.warnings
    empty = await preview(agreed.billing, origin(), contract, d("2026-04-01"))
    assert empty.decision is None
    made = (await generate(agreed.billing, origin(), contract, d("2026-03-01"), expect=seen.digest)).outcome
    assert (missing in made.warnings, [one.total for one in made.invoices]) == (True, ["2.50"])


async def test_the_preview_of_a_billed_cycle_has_the_usage_that_its_invoice_holds(agreed, counter):
    contract = await agreed.signed(lines={"seats": seats(), "usage": EVERYTHING})
    await counter.settle()
    await agreed.shop.active([line("4", quantity="2")])
    await counter.post({"key": "a", "quantity": "10"})
    await counter.settle()
    before = await preview(agreed.billing, origin(), contract, d("2026-02-01"))
    made = (await generate(agreed.billing, origin(), contract, d("2026-02-01"))).outcome
    again = await preview(agreed.billing, origin(), contract, d("2026-02-01"))
    assert [one.invoice for one in again.invoiced] == [one.id for one in made.invoices]
    assert [one.total for one in again.made] == [one.total for one in before.made] == ["61.00"]
    await counter.post({"key": "late", "quantity": "1"})  # it waits for March
    later = await preview(agreed.billing, origin(), contract, d("2026-02-01"))
    assert [one.total for one in later.made] == ["61.00"]


async def test_what_arrives_while_a_run_stores_its_cycle_goes_to_the_next_one(agreed, counter):
    contract = await agreed.signed(lines={"usage": EVERYTHING})
    await counter.settle()
    await counter.post({"key": "early"})
    gate = Gate()
    calculation = replace(agreed.billing.calculation, store=gate.before(agreed.billing.store))
    slow = replace(agreed.billing, calculation=calculation)
    run = asyncio.create_task(bill_many(slow, origin(), [Asked(contract, d("2026-03-02"))], cause="run"))
    await gate.held(run)
    assert gate.reached
    await counter.post({"key": "meanwhile"})  # waits for the cycle that is about to be done
    invoice_in = await agreed.shop.active([line("4", quantity="3")])
    await counter.settle()
    gate.open()
    (billed,) = await run
    assert [one.total for one in billed.invoices] == ["2.50"]
    await counter.settle()
    await follow_contracts(agreed.shop.billing, await agreed.shop.billing.contracts.changed_since(0, 1000))
    await counter.settle()
    (after,) = await agreed.run("2026-04-02", contract)
    assert [one.total for one in after.invoices] == ["10.00"]
    assert not (await usage_sums(agreed.shop.desk, invoice_in)).leaks
    assert (await counter.purchase("meanwhile")).place.state == "invoiced"


async def test_lines_released_from_a_contracts_invoice_and_offered_again_are_on_the_next_one(agreed, counter):
    contract = await agreed.signed(lines={"seats": seats(), "usage": EVERYTHING})
    await counter.settle()
    usage = await agreed.shop.active([line("4", quantity="2"), line("8", quantity="3")])
    await counter.settle()
    (billed,) = await agreed.run("2026-03-02", contract)
    with pytest.raises(Rejected):
        await deactivate(agreed.shop.desk, origin(), usage, reason="wrong")
    await release(agreed.shop.desk, origin(), usage, customer_invoice=billed.invoices[0].id, reason="wrong")
    assert ((await agreed.invoice(billed)).status, (await agreed.invoice(billed)).lines) == ("pending", 0)
    (without,) = await agreed.run("2026-04-02", contract)
    assert [one.total for one in without.invoices] == ["31.00"]  # nothing takes what is released
    await reoffer(agreed.shop.desk, origin(), usage, reason="right after all")
    await counter.settle()
    (again,) = await agreed.run("2026-05-02", contract)
    assert [one.total for one in again.invoices] == ["43.50"]
    assert not (await usage_sums(agreed.shop.desk, usage)).leaks
