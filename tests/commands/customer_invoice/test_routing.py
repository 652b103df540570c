"""Offered usage finds its invoice: all of it once, nothing while the invoice is locked, nothing to a final one."""

import asyncio
from decimal import Decimal

from commands.customer_invoice import route_usage as routing
from commands.customer_invoice.route_usage import route_usage
from commands.provider_invoice import offered
from commands.provider_invoice.find_lines import LineFilter, find_lines
from commands.provider_invoice.offers import offers_of
from commands.provider_invoice.release import release
from commands.provider_invoice.reoffer import reoffer
from commands.provider_invoice.take_out import deactivate
from commands.provider_invoice.usage import usage_sums
from commands.reference.save import save
from domain.identity import usage_offer_stream
from domain.reference import decisions
from domain.reference.kinds import KINDS
from tests.commands.purchases.test_posting import closed, reopened, requested
from tests.support.origins import origin
from tests.support.shop import line

JANUARY, FEBRUARY, MARCH = "2026-01", "2026-02", "2026-03"


async def offer(counter, invoice, customer="C1"):
    (found,) = [o.state for o in await offers_of(counter.shop.desk, invoice, 1) if o.state.customer == customer]
    return found


async def test_usage_of_two_customers_goes_to_their_invoices(counter):
    invoice = await counter.shop.active([line("1"), line("2", "c-2"), line("4"), line("8")])
    await counter.settle()
    one, two = await counter.invoice("C1"), await counter.invoice("C2")
    assert (one.lines, one.cost, two.lines, two.cost) == (3, Decimal(13), 1, Decimal(2))
    assert (await offer(counter, invoice)).free.lines == 0
    assert not (await usage_sums(counter.shop.desk, invoice)).leaks


async def test_lines_of_several_periods_are_parted(counter):
    days = ["2026-01-31", "2026-02-01", "2026-02-28", "2026-03-01"]
    await counter.shop.active([line("1", charge_from=day) for day in days])
    await counter.settle()
    lines = [(await counter.invoice(month=m)).lines for m in (JANUARY, FEBRUARY, MARCH)]
    assert lines == [1, 2, 1]


async def test_a_repeat_takes_nothing_twice_nor_do_two_at_once(counter):
    await counter.shop.active([line("1"), line("2", "c-2")])
    await counter.router.due.gather(counter.now)
    await asyncio.gather(*(route_usage(counter.router, origin()) for _ in range(4)))
    await counter.settle()
    assert ((await counter.invoice("C1")).lines, (await counter.invoice("C2")).lines) == (1, 1)


async def test_usage_of_a_locked_invoice_waits_until_it_is_reopened(counter):
    await counter.append(counter.stream(), requested())
    invoice = await counter.shop.active([line("1")])
    await counter.settle()
    assert (await counter.invoice()).lines == 0
    (waiting,) = await counter.router.due.unplaced(invoice)
    assert (waiting.state, waiting.waits_for) == ("waiting", counter.stream().id)
    (customer,) = [c for c in (await usage_sums(counter.shop.desk, invoice)).customers if c.customer == "C1"]
    assert (customer.waiting, customer.offered, customer.difference) == (Decimal(1), Decimal(0), Decimal(0))
    for state, count in (("waiting", 1), ("offered", 0), (None, 1)):
        page = await find_lines(counter.shop.desk, invoice, LineFilter(state=state))
        assert [line.state for line in page.lines] == ["waiting"] * count, state
    await counter.append(counter.stream(), reopened())
    await counter.settle()
    assert (await counter.invoice()).lines == 1
    assert not await counter.router.due.unplaced(invoice)


async def test_usage_of_a_final_invoice_is_late_on_the_next_open_one(counter):
    await counter.append(counter.stream(), closed())
    await counter.shop.active([line("1"), line("2", charge_from="2026-01-05")])
    await counter.settle()
    lines = [(await counter.invoice(month=m)).lines for m in (JANUARY, FEBRUARY, MARCH)]
    assert lines == [1, 0, 1]


async def test_late_lines_of_two_periods_share_an_invoice(counter):
    await counter.append(counter.stream(), closed())
    await counter.shop.active([line("1"), line("2", charge_from="2026-03-01")])
    await counter.settle()
    assert (await counter.invoice(month=MARCH)).lines == 2


async def test_a_customer_that_is_not_billed_leaves_it_offered_until_it_is(counter):
    await counter.customer("C3", bill_from=None)
    invoice = await counter.shop.active([line("1", "c-3")])
    await counter.settle()
    (unrouted,) = await counter.router.due.unplaced(invoice)
    assert (unrouted.state, unrouted.reason) == ("unrouted", "not-billed")
    assert (await offer(counter, invoice, "C3")).free.lines == 1
    body = {"identifiers": [{"provider": "ACME", "identifier": "c-3"}], "bill_from": "2026-01-01"}
    await save_again(counter, "C3", **body)
    await counter.settle()
    assert (await counter.invoice("C3")).lines == 1


async def save_again(counter, code, **body):
    kind = KINDS["customer"]
    found = decisions.parse(kind, {"code": code, "name": code, **body})
    await save(counter.shop.reference, origin(), kind, found, mode="replace")


async def test_released_lines_are_taken_again_only_when_offered_again(counter):
    invoice = await counter.shop.active([line("1"), line("2")])
    await counter.settle()
    target = counter.stream().id
    await release(counter.shop.desk, origin(), invoice, customer_invoice=target, reason="r")
    await counter.settle()
    assert (await counter.invoice()).lines == 0
    await reoffer(counter.shop.desk, origin(), invoice, reason="r")
    await counter.settle()
    assert (await counter.invoice()).lines == 2


async def test_what_was_deactivated_is_not_routed(counter):
    invoice = await counter.shop.active([line("1")])
    await deactivate(counter.shop.desk, origin(), invoice, reason="r")
    await counter.settle()
    assert (await counter.invoice()).lines == 0


async def test_a_large_offer_goes_in_batches(counter, monkeypatch):
    monkeypatch.setattr(routing, "MAX_BATCH", 3)
    monkeypatch.setattr(routing, "BATCHES", 2)
    invoice = await counter.shop.active([line("1") for _ in range(20)])
    await counter.settle()
    state = await counter.invoice()
    assert (state.lines, state.cost) == (20, Decimal(20))
    assert not (await usage_sums(counter.shop.desk, invoice)).leaks


async def test_lines_scattered_over_two_periods_go_in_batches_that_an_event_can_name(counter, monkeypatch):
    monkeypatch.setattr(offered, "MAX_RANGES", 2)
    monkeypatch.setattr(routing, "BATCHES", 3)
    invoice = await counter.shop.active([line("1", charge_from=f"2026-0{1 + n % 2}-03") for n in range(20)])
    await counter.settle()
    assert [(await counter.invoice(month=m)).lines for m in (JANUARY, FEBRUARY)] == [10, 10]
    facts = (await counter.shop.desk.store.load(counter.stream(month=JANUARY))).facts
    assert [fact.lines for fact in facts if fact.type.endswith("purchases-added")] == [2] * 5
    assert not (await usage_sums(counter.shop.desk, invoice)).leaks
    january = counter.stream(month=JANUARY).id
    await release(counter.shop.desk, origin(), invoice, customer_invoice=january, reason="r")
    state = await offer(counter, invoice)
    assert (state.released_tally.lines, (await counter.invoice(month=JANUARY)).lines) == (10, 0)
    await reoffer(counter.shop.desk, origin(), invoice, reason="r")
    await counter.settle()
    assert (await counter.invoice(month=JANUARY)).lines == 10
    types = [fact.type for fact in await counter.shop.facts(offer_stream(invoice))]
    assert [types.count(f"provider-invoice.lines-{verb}") for verb in ("released", "reoffered")] == [5, 5]
    assert not (await usage_sums(counter.shop.desk, invoice)).leaks


def offer_stream(invoice, customer="C1"):
    return usage_offer_stream(invoice, 1, customer)
