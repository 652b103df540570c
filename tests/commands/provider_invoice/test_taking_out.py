"""Deactivate, delete, release and offer again: never beside a billing, never half."""

import asyncio

import pytest

from commands.customer_invoice.delete import delete as delete_customer_invoice
from commands.provider_invoice.desk import load
from commands.provider_invoice.offers import offers_of
from commands.provider_invoice.release import release
from commands.provider_invoice.reoffer import reoffer
from commands.provider_invoice.take_out import deactivate, delete
from commands.provider_invoice.usage import usage_sums
from domain.customer_invoice.state import fold as fold_customer_invoice
from domain.identity import ad_hoc_invoice_stream
from domain.rejected import Rejected
from domain.usage_offer.events import LineRange
from tests.support.customer_invoices import closed
from tests.support.invoicing import open_invoicing
from tests.support.origins import origin
from tests.support.shop import line

INV_1 = ad_hoc_invoice_stream("INV-1").id
FOUR = [line("1"), line("2", "c-2"), line("4"), line("8")]


async def offer(shop, invoice, customer="C1"):
    (found,) = [o.state for o in await offers_of(shop.desk, invoice, 1) if o.state.customer == customer]
    return found


async def test_deactivating_withdraws_what_is_offered_and_twice_is_once(shop):
    invoice = await shop.active(FOUR)
    done = (await deactivate(shop.desk, origin(), invoice, reason="wrong file")).outcome
    assert done.state.status == "deactivated"
    fact = (await load(shop.desk, invoice)).history.facts[-1]
    assert (fact.withdrawn_lines, fact.reason) == (4, "wrong file")
    assert (await offer(shop, invoice)).withdrawn
    head = await shop.head()
    assert not (await deactivate(shop.desk, origin(), invoice, reason="again")).outcome.changed
    assert await shop.head() == head
    with pytest.raises(Rejected, match="usage-withdrawn"):
        await shop.take(invoice)


async def test_activating_again_is_the_next_attempt_with_the_same_parts(shop):
    invoice = await shop.active(FOUR)
    await deactivate(shop.desk, origin(), invoice, reason="r")
    again = await shop.activate(invoice)
    assert (again.state.status, again.state.attempt, again.state.rows) == ("active", 2, 4)
    assert (await shop.take(invoice)).lines == 3


async def test_a_reason_is_needed(shop):
    invoice = await shop.active(FOUR)
    for verb in (deactivate, delete):
        with pytest.raises(Rejected, match="reason-missing"):
            await verb(shop.desk, origin(), invoice, reason=" ")


@pytest.mark.parametrize("verb", [deactivate, delete])
async def test_what_is_invoiced_is_not_taken_out(shop, verb):
    invoice = await shop.active(FOUR)
    await shop.take(invoice, limit=1)
    await shop.take(invoice, "C2", "INV-2")
    await closed(shop.desk.store, ad_hoc_invoice_stream("INV-2").id)
    with pytest.raises(Rejected) as no:
        await verb(shop.desk, origin(), invoice, reason="r")
    assert no.value.code == "lines-invoiced"
    assert [(i["name"], i["lines"], i["releasable"]) for i in no.value.facts["customer_invoices"]] == [
        ("INV-1", 1, True),
        ("INV-2", 1, False),
    ]


async def test_released_lines_leave_the_invoice_and_wait(shop):
    invoice = await shop.active(FOUR)
    await shop.take(invoice)
    moved = (
        await release(
            shop.desk, origin(), invoice, customer_invoice=INV_1, reason="wrong", lines=[LineRange(first=3, last=3)]
        )
    ).outcome
    assert (moved.lines, moved.cost) == (1, 4)
    held = fold_customer_invoice(await shop.facts(ad_hoc_invoice_stream("INV-1")))
    assert held is not None
    assert (held.lines, held.cost, held.status) == (2, 9, "pending")
    assert (await shop.take(invoice)).lines == 0, "nothing takes a released line"
    head = await shop.head()
    again = await release(
        shop.desk, origin(), invoice, customer_invoice=INV_1, reason="wrong", lines=[LineRange(first=3, last=3)]
    )
    assert (again.outcome.lines, await shop.head()) == (0, head)
    offered = (await reoffer(shop.desk, origin(), invoice, reason="mended")).outcome
    assert (offered.lines, offered.cost) == (1, 4)
    head = await shop.head()
    assert (await reoffer(shop.desk, origin(), invoice, reason="mended")).outcome.lines == 0
    assert await shop.head() == head
    assert (await shop.take(invoice, reference="INV-3")).lines == 1
    assert not (await usage_sums(shop.desk, invoice)).leaks


async def test_all_lines_are_released_and_the_invoice_is_free_to_go(shop):
    invoice = await shop.active(FOUR)
    await shop.take(invoice)
    await release(shop.desk, origin(), invoice, customer_invoice=INV_1, reason="all wrong")
    assert (await offer(shop, invoice)).released_tally.lines == 3
    assert (await deactivate(shop.desk, origin(), invoice, reason="r")).outcome.state.status == "deactivated"


async def test_a_final_invoice_gives_nothing_back(shop):
    invoice = await shop.active(FOUR)
    await shop.take(invoice)
    await closed(shop.desk.store, INV_1)
    with pytest.raises(Rejected, match="invoice-final"):
        await release(shop.desk, origin(), invoice, customer_invoice=INV_1, reason="r")
    with pytest.raises(Rejected, match="invoice-final"):
        await shop.take(invoice, "C2")


async def test_lines_that_are_not_there_are_not_released_or_offered_again(shop):
    invoice = await shop.active(FOUR)
    with pytest.raises(Rejected, match="lines-not-invoiced"):
        await release(shop.desk, origin(), invoice, customer_invoice=INV_1, reason="r")
    await shop.take(invoice)
    with pytest.raises(Rejected, match="lines-not-released"):
        await reoffer(shop.desk, origin(), invoice, reason="r", lines=[LineRange(first=1, last=1)])


async def test_a_deleted_customer_invoice_frees_what_it_had_taken(shop, database):
    invoice = await shop.active(FOUR)
    await shop.take(invoice)
    async with open_invoicing(shop.desk.store, shop.pool, database) as desk:
        await delete_customer_invoice(desk, origin(), INV_1, "by mistake")
    assert (await offer(shop, invoice)).free.lines == 3
    assert (await shop.take(invoice, reference="INV-2")).lines == 3


async def test_two_workers_never_take_a_line_twice(shop):
    invoice = await shop.active([line("1") for _ in range(40)])
    taken = await asyncio.gather(*(shop.take(invoice, limit=5) for _ in range(4)))
    assert sum(t.lines for t in taken) == 20
    held = fold_customer_invoice(await shop.facts(ad_hoc_invoice_stream("INV-1")))
    assert held is not None
    assert held.lines == 20
    assert (await offer(shop, invoice)).free.lines == 20


@pytest.mark.parametrize("turn", range(6))
async def test_a_billing_and_a_deactivation_at_once_never_both_succeed(shop, turn):
    invoice = await shop.active(FOUR)

    async def later(call, turns):
        for _ in range(turns):
            await asyncio.sleep(0)
        return await call

    took, out = await asyncio.gather(
        later(shop.take(invoice), turn % 3 * 5),
        later(deactivate(shop.desk, origin(), invoice, reason="r"), turn // 3 * 5),
        return_exceptions=True,
    )
    state = await offer(shop, invoice)
    if isinstance(out, Rejected):
        assert out.code == "lines-invoiced"
        assert (took.lines, state.withdrawn) == (3, False)
    else:
        assert isinstance(took, Rejected)
        assert took.code == "usage-withdrawn"
        assert (state.withdrawn, state.taken) == (True, {})
        held = fold_customer_invoice(await shop.facts(ad_hoc_invoice_stream("INV-1")))
        assert held is None or held.lines == 0


async def test_many_customers_are_offered_and_withdrawn_in_one_transaction(empty_shop):
    shop = empty_shop
    await shop.world([f"C{n}" for n in range(1, 61)])
    invoice = await shop.active([line("1.25", f"c-{n}") for n in range(1, 61)])
    assert len(await offers_of(shop.desk, invoice, 1)) == 60
    (activated,) = (e for e in await shop.desk.store.read(after=0, limit=1000, types=("provider-invoice.activated",)))
    assert activated.commit_size == 61
    await delete(shop.desk, origin(), invoice, reason="r")
    assert all(o.state.withdrawn for o in await offers_of(shop.desk, invoice, 1))
