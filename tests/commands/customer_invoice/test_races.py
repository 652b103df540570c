"""Provider invoices are worked on while customer invoices are: one of two wins, nothing leaks, the refused change nothing."""

import asyncio
import random
from dataclasses import replace

import pytest

from commands.customer_invoice.approve import approve
from commands.customer_invoice.close import close
from commands.customer_invoice.request_approval import request_approval
from commands.customer_invoice.route_usage import route_usage
from commands.customer_invoice.take_in import take_in
from commands.provider_invoice.release import release
from commands.provider_invoice.reoffer import reoffer
from commands.provider_invoice.take_out import deactivate
from commands.provider_invoice.usage import usage_sums
from commands.purchases.cancel import cancel
from commands.purchases.verify import purchase_check
from tests.support.customer_invoices import calculated
from tests.support.gates import Gate
from tests.support.invoicing import open_invoicing
from tests.support.origins import origin
from tests.support.racing import outcome
from tests.support.shop import line


async def opening(gate, call):
    """Whoever is slower may go on when this is done."""
    try:
        return await call
    finally:
        gate.open()


async def open_february(counter):
    """The usage of an active provider invoice is on an open invoice of February."""
    await counter.shop.save("group", code="finance", name="Finance", members=["ann"], invoice_approval=True)
    invoice = await counter.shop.active([line("1"), line("2"), line("4"), line("8", "c-2")])
    await counter.settle()
    state = await counter.invoice()
    fact = calculated(reference=state.reference, customer="C1")
    version = (await counter.shop.desk.store.load(counter.stream())).version
    await counter.append(counter.stream(), fact.model_copy(update={"through": version}))
    assert (await counter.invoice()).status == "open"
    return invoice


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("slower", ["release", "final"])
@pytest.mark.parametrize("final", [approve, close])
async def test_a_release_and_a_final_word_never_both_succeed(counter, database, seed, slower, final):
    """Among others; the slower of the two stores nothing before the other one is done."""
    invoice = await open_february(counter)
    to, desk, gate = counter.stream().id, counter.shop.desk, Gate()
    store = gate.before(desk.store)
    async with open_invoicing(desk.store, counter.shop.pool, database) as counting:
        releasing = replace(desk, store=store) if slower == "release" else desk
        deciding = counting
        if slower == "final":
            billing = replace(counting.billing, store=store)
            deciding = replace(counting, billing=billing, numbers=gate.before(counting.numbers))
        ann = origin(actor="ann")
        calls = {
            "release": release(releasing, origin(), invoice, customer_invoice=to, reason="r"),
            "final": final(deciding, ann, to) if final is approve else final(deciding, ann, to, "r"),
            "routing": route_usage(counter.router, origin()),
            "taking": take_in(counter.shop.billing, origin()),
            "deactivate": deactivate(desk, origin(), invoice, reason="r"),
        }
        (quicker,) = {"release", "final"} - {slower}
        calls[quicker] = opening(gate, calls[quicker])
        order = random.Random(seed).sample(sorted(calls), len(calls))
        came = dict(zip(order, await asyncio.gather(*(outcome(calls[name]) for name in order)), strict=True))
    left = await counter.invoice()
    assert (came[quicker], came[slower] != "done") == ("done", True), came
    assert came["deactivate"] == "lines-invoiced"
    assert (left.status, left.lines) == (("pending", 0) if quicker == "release" else (left.status, 3))
    assert (left.status in {"approved", "closed"}) is (quicker == "final")
    assert not (await usage_sums(desk, invoice)).leaks


@pytest.mark.parametrize("seed", range(6))
async def test_reoffer_routing_and_request_lose_nothing(counter, database, seed):
    invoice = await open_february(counter)
    to, desk = counter.stream().id, counter.shop.desk
    async with open_invoicing(desk.store, counter.shop.pool, database) as counting:
        calls = [
            outcome(release(desk, origin(), invoice, customer_invoice=to, reason="r")),
            outcome(reoffer(desk, origin(), invoice, reason="r")),
            outcome(request_approval(counting, origin(actor="ann"), to)),
            outcome(counter.settle()),
        ]
        random.Random(seed).shuffle(calls)
        await asyncio.gather(*calls)
        await outcome(reoffer(desk, origin(), invoice, reason="r"))
    await counter.settle()
    sums = await usage_sums(desk, invoice)
    assert not sums.leaks
    (one, _) = sums.customers
    assert (one.offered, one.released) == (0, 0)
    assert (await counter.invoice()).lines in {3, 0}


async def test_a_cancelled_purchase_leaves_its_batch_sound(counter):
    first, _ = await counter.post({"key": "a"}, {"key": "b"})
    await counter.settle()
    await cancel(counter.shop.billing, origin(), first.id, "wrong")
    assert [found async for found in purchase_check(counter.shop.billing)] == [None]
