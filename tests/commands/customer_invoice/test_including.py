"""`bill_from` is moved back: lines that were excluded for it are offered, routed and counted, once; nothing leaks."""

import asyncio
from datetime import date
from decimal import Decimal

import pytest

from commands.customer_invoice.include_usage import include_usage
from commands.provider_invoice.find_lines import LineFilter, find_lines
from commands.provider_invoice.offers import offers_of
from commands.provider_invoice.release import release
from commands.provider_invoice.reoffer import reoffer
from commands.provider_invoice.take_out import deactivate
from commands.provider_invoice.usage import usage_sums
from domain.identity import usage_offer_stream
from tests.commands.customer_invoice.test_routing import save_again
from tests.support.calculating import calculate_all, rule
from tests.support.origins import origin
from tests.support.shop import line

DAYS = ["2026-02-20", "2026-01-05", "2026-02-01", "2026-01-31", "2025-12-31", "2026-02-28"]
"""Numbers 1 to 6: those from before a day lie between those that are not."""


@pytest.fixture
async def invoice(counter):
    """Lines of 1, 2, 4, 8, 16 and 32 EUR, of a customer that is billed from the 15th of February on; another's 64."""
    await move(counter, "2026-02-15")
    lines = [line(str(2**n), charge_from=day, charge_to=day) for n, day in enumerate(DAYS)]
    active = await counter.shop.active([*lines, line("64", "c-2")])
    await counter.settle()
    return active


async def move(counter, day, customer="C1"):
    identifiers = [{"provider": "ACME", "identifier": f"c-{customer[1:]}"}]
    await save_again(counter, customer, identifiers=identifiers, bill_from=day)
    await counter.begin(customer)


async def include(counter, day, customer="C1"):
    done = await include_usage(counter.shop.desk, origin(counter.now), {customer: date.fromisoformat(day)})
    await counter.settle()
    return done


async def on(counter, *months):
    return [(await counter.invoice(month=m)).cost for m in months]


async def side(counter, invoice):
    sums = await usage_sums(counter.shop.desk, invoice)
    assert not sums.leaks
    return next(c for c in sums.customers if c.customer == "C1")


async def numbers(counter, invoice, state):
    page = await find_lines(counter.shop.desk, invoice, LineFilter(state=state))
    assert page.total == len(page.lines)
    assert {placed.state for placed in page.lines} <= {state}
    return [placed.line.number for placed in page.lines if placed.line.customer == "C1"]


async def test_what_was_excluded_is_taken_in(counter, invoice):
    assert await on(counter, "2026-02") == [Decimal(33)]
    before = await side(counter, invoice)
    assert (before.excluded, before.invoiced) == ({"before_bill_from": Decimal(30)}, Decimal(33))
    await move(counter, "2026-01-15")
    assert await include(counter, "2026-01-15") == 2
    assert await on(counter, "2026-01", "2026-02") == [Decimal(8), Decimal(37)]
    after = await side(counter, invoice)
    assert (after.excluded, after.invoiced) == ({"before_bill_from": Decimal(18)}, Decimal(45))
    assert await numbers(counter, invoice, "excluded") == [2, 5]
    assert await numbers(counter, invoice, "invoiced") == [1, 3, 4, 6]


async def test_twice_and_by_many_at_once_it_is_taken_in_once(counter, invoice):
    await move(counter, "2026-01-01")
    day = {"C1": date(2026, 1, 1)}
    done = await asyncio.gather(*(include_usage(counter.shop.desk, origin(), day) for _ in range(4)))
    assert sum(done) == 3
    head = await counter.shop.head()
    assert await include_usage(counter.shop.desk, origin(), day) == 0
    assert await counter.shop.head() == head
    await counter.settle()
    assert await on(counter, "2026-01", "2026-02") == [Decimal(10), Decimal(37)]


async def test_it_is_moved_again_and_later_and_nothing_comes_off(counter, invoice):
    for day, lines in (("2026-02-01", 1), ("2026-01-31", 1), ("2026-02-10", 0), ("2025-12-01", 2), ("2025-01-01", 0)):
        await move(counter, day)
        assert await include(counter, day) == lines, day
    assert await on(counter, "2025-12", "2026-01", "2026-02") == [Decimal(16), Decimal(10), Decimal(37)]
    one = await side(counter, invoice)
    assert (one.excluded, one.invoiced) == ({}, Decimal(63))
    assert await numbers(counter, invoice, "excluded") == []
    assert await numbers(counter, invoice, "invoiced") == [1, 2, 3, 4, 5, 6]


async def test_what_is_not_on_an_invoice_yet_when_it_is_moved_later_is_not_routed(counter, invoice):
    await move(counter, "2026-01-15")
    await include_usage(counter.shop.desk, origin(), {"C1": date(2026, 1, 15)})
    await move(counter, "2026-02-15")
    await counter.settle()
    assert await on(counter, "2026-02") == [Decimal(33)]
    assert (await side(counter, invoice)).offered == Decimal(12)
    assert {(u.state, u.reason) for u in await counter.router.due.unplaced(invoice)} == {
        ("unrouted", "before_bill_from")
    }
    await move(counter, "2026-01-15")
    await counter.settle()
    assert await on(counter, "2026-01", "2026-02") == [Decimal(8), Decimal(37)]


async def test_a_day_within_the_period_parts_what_is_not_routed_yet(counter):
    days = ["2026-02-03", "2026-02-20"]
    active = await counter.shop.active([line(str(n), charge_from=day) for n, day in enumerate(days, 1)])
    await move(counter, "2026-02-15")
    await counter.settle()
    assert await on(counter, "2026-02") == [Decimal(2)]
    assert (await side(counter, active)).offered == Decimal(1)


async def test_an_invoice_adds_up_each_line_once(counter, invoice):
    await rule(counter)
    await calculate_all(counter)
    first = (await counter.invoice()).calculation
    await move(counter, "2026-01-01")
    await include(counter, "2026-01-01")
    await calculate_all(counter)
    second, january = (await counter.invoice()).calculation, (await counter.invoice(month="2026-01")).calculation
    assert [c.cost_total for c in (first, second, january)] == [Decimal(33), Decimal(37), Decimal(10)]


async def test_it_is_released_offered_again_and_withdrawn(counter, invoice):
    await move(counter, "2026-02-01")
    await include(counter, "2026-02-01")
    desk, to = counter.shop.desk, counter.stream().id
    await release(desk, origin(), invoice, customer_invoice=to, reason="r")
    assert (await side(counter, invoice)).released == Decimal(37)
    assert await numbers(counter, invoice, "released") == [1, 3, 6]
    await move(counter, "2026-01-01")
    await include(counter, "2026-01-01")
    assert await on(counter, "2026-01", "2026-02") == [Decimal(10), Decimal(0)]
    await reoffer(desk, origin(), invoice, reason="r")
    await counter.settle()
    assert await on(counter, "2026-01", "2026-02") == [Decimal(10), Decimal(37)]
    for month in ("2026-01", "2026-02"):
        await release(desk, origin(), invoice, customer_invoice=counter.stream(month=month).id, reason="r")
    await release(desk, origin(), invoice, customer_invoice=counter.stream("C2").id, reason="r")
    await deactivate(desk, origin(), invoice, reason="r")
    assert all(o.state.withdrawn for o in await offers_of(desk, invoice, 1))
    assert await include(counter, "2025-01-01") == 0


async def test_a_day_that_was_moved_during_the_activation_is_found_by_routing(counter):
    """The activation saw the day before; nobody says again that the customer was saved."""
    await move(counter, "2026-02-15")
    active = await counter.shop.active([line("1"), line("2", charge_from="2026-01-05")])
    await move(counter, "2026-01-01")
    await counter.settle()
    assert await on(counter, "2026-01", "2026-02") == [Decimal(2), Decimal(1)]
    assert (await side(counter, active)).excluded == {}


async def test_what_is_excluded_for_another_reason_stays_so(counter):
    await move(counter, "2026-02-15")
    early = {"charge_from": "2026-01-05"}
    active = await counter.shop.active(
        [line("1", charge="tax", **early), line("2", **early), line("4", charge_from="2026-02-20")]
    )
    await move(counter, "2026-01-01")
    await include(counter, "2026-01-01")
    assert (await side(counter, active)).excluded == {"tax": Decimal(1)}
    stream = usage_offer_stream(active, 1, "C1", date(2026, 1, 1))
    assert [f.type for f in await counter.shop.facts(stream)] == [
        "provider-invoice.usage-offered",
        "provider-invoice.lines-invoiced",
    ]
