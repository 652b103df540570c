"""Usage of provider invoices that contracts take: it waits for the cycle, line by line, and moves when that is done."""

from datetime import date
from decimal import Decimal

from commands.customer_invoice.route_usage import route_usage
from commands.ports.event_store import Save, Write
from commands.provider_invoice.take_out import deactivate
from commands.provider_invoice.usage import usage_sums
from domain.billing_contract.parts import UsageTerms
from domain.billing_contract.schedule import Entry
from tests.commands.customer_invoice.test_routing import offer
from tests.commands.purchases.test_contract_usage import FEBRUARY, MARCH, contract
from tests.support.contract_facts import ContractFacts
from tests.support.origins import origin
from tests.support.shop import line

EVERYTHING = ("usage", UsageTerms(everything=True))


async def test_given_a_line_that_takes_everything_then_all_of_a_customers_usage_waits(counter):
    await contract(counter, EVERYTHING)
    invoice = await counter.shop.active([line("1"), line("2", "c-2"), line("4")])
    await counter.settle()
    assert ((await counter.invoice("C1")).lines, (await counter.invoice("C2")).lines) == (0, 1)
    (waiting,) = await counter.router.due.unplaced(invoice)
    assert (waiting.customer, waiting.state, waiting.waits_for) == ("C1", "waiting", FEBRUARY.id)
    assert (await offer(counter, invoice)).free.lines == 2
    assert not (await usage_sums(counter.shop.desk, invoice)).leaks


async def test_given_lines_that_name_what_they_take_then_only_that_waits(counter):
    await contract(counter, ("usage", UsageTerms(subscriptions=("S-1",))))
    await counter.shop.active([line("1", subscription="S-1"), line("2"), line("4", subscription="S-2")])
    await counter.settle()
    assert ((await counter.invoice("C1")).lines, (await counter.invoice("C1")).cost) == (2, Decimal(6))


async def test_given_a_contract_that_starts_in_mid_period_then_what_was_used_before_is_the_periods(counter):
    signed = ("usage", UsageTerms(products=("P1",)))
    await contract(counter, signed, starts=date(2026, 2, 10))
    invoice = await counter.shop.active([line("1"), line("2", charge_from="2026-02-10")])
    await counter.settle()
    assert ((await counter.invoice("C1")).cost, (await offer(counter, invoice)).free.cost) == (Decimal(1), Decimal(2))


async def test_when_the_cycle_is_done_without_it_then_it_waits_for_the_next_one(counter):
    await contract(counter, EVERYTHING)
    invoice = await counter.shop.active([line("1")])
    await counter.settle()
    facts, entry = (
        ContractFacts("K-1", "C1"),
        Entry(date(2026, 3, 2), "cycle", None, date(2026, 2, 1), date(2026, 2, 28)),
    )
    store = counter.shop.desk.store
    write = Write(await store.load(FEBRUARY), (facts.empty(entry),), record_key=facts.stream.id)
    await store.append(Save(origin=origin(), writes=(write,)))
    await counter.router.due.gather(counter.now)
    await route_usage(counter.router, origin())
    (waiting,) = await counter.router.due.unplaced(invoice)
    assert waiting.waits_for == MARCH.id


async def test_when_the_provider_invoice_is_taken_out_then_what_waited_is_withdrawn(counter):
    await contract(counter, EVERYTHING)
    invoice = await counter.shop.active([line("1")])
    await counter.settle()
    await deactivate(counter.shop.desk, origin(), invoice, reason="wrong")
    await counter.settle()
    assert await counter.router.due.unplaced(invoice) == []
    assert (await offer(counter, invoice)).withdrawn
