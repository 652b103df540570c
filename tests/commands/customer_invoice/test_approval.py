"""The verbs of a customer invoice on a real record, with processes, series and groups as they are saved."""

import asyncio
from datetime import date, timedelta

import pytest
import pytest_asyncio

from commands.customer_invoice.approve import approve
from commands.customer_invoice.approve_many import approve_many
from commands.customer_invoice.certificate import check_numbers
from commands.customer_invoice.close import close
from commands.customer_invoice.comment import comment
from commands.customer_invoice.comments import comments_of
from commands.customer_invoice.create import AdHoc, create
from commands.customer_invoice.delete import delete
from commands.customer_invoice.recalculate import recalculate
from commands.customer_invoice.reject import reject
from commands.customer_invoice.request_approval import request_approval
from commands.customer_invoice.withdraw import withdraw
from commands.ports.event_store import AlreadyAnswered, Answer, IdempotencyKey, Save, Write
from domain.rejected import Rejected
from tests.support.customer_invoices import calculated
from tests.support.invoicing import history_of, open_invoice, open_invoices, open_world
from tests.support.origins import NOW, origin


def by(person):
    return origin(actor=person)


@pytest_asyncio.fixture
async def world(database):
    async with open_world(database) as opened:
        await opened.groups()
        yield opened


async def refused(call):
    with pytest.raises(Rejected) as no:
        await call
    return no.value.code


async def two_steps(world, **more):
    steps = [{"group": "finance"}, {"group": "board"}]
    await world.save("approval-process", code="two", name="Two", steps=steps, **more)
    await world.save("customer", code="C1", name="Customer one", approval_process="two")


async def test_the_built_in_process_and_series_serve_until_others_are_saved(world):
    invoice = await open_invoice(world.store)
    done = (await approve(world.desk, by("ann"), invoice)).outcome
    assert (done.state.status, done.state.approved.number) == ("approved", "INV-2026-000001")
    assert (await world.state(invoice)).approved.snapshot.code == "C1"


async def test_the_default_that_was_saved_is_the_default_and_the_nearest_cluster_wins(world):
    await world.save("invoice-number-series", code="default", name="d", pattern="D{year}-{n}", first=7)
    await world.save("invoice-number-series", code="east", name="e", pattern="E-{n:03}", restart="never")
    await world.save("cluster", code="world", name="w", number_series="east")
    await world.save("cluster", code="city", name="c", parent="world")
    await world.save("customer", code="C1", name="Customer one", cluster="city")
    one, two = await open_invoice(world.store), await open_invoice(world.store, "R-2", "C2")
    found = [(await approve(world.desk, by("ann"), i)).outcome.state.approved for i in (one, two)]
    assert [(a.number, a.series, a.series_year, a.sequence) for a in found] == [
        ("E-001", "east", None, 1), ("D2026-7", "default", 2026, 7),
    ]  # fmt: skip
    assert found[0].snapshot.name == "Customer one"
    assert found[0].snapshot.cluster == "city"


async def test_step_by_step_with_comments(world):
    await two_steps(world)
    invoice = await open_invoice(world.store)
    assert await refused(approve(world.desk, by("ann"), invoice)) == "approval-not-requested"
    await request_approval(world.desk, by("cy"), invoice)
    await world.save("approval-process", code="two", name="Two", steps=[{"group": "finance"}])
    await comment(world.desk, by("zoe"), invoice, "<b>Why so dear?</b>")
    await approve(world.desk, by("ann"), invoice, comment="fine")
    back = (await reject(world.desk, by("cy"), invoice, "look again")).outcome.state
    assert (back.status, back.approval.step) == ("approving", 1)
    await approve(world.desk, by("ann"), invoice)
    assert await refused(approve(world.desk, by("ann"), invoice)) == "not-in-group"
    done = (await approve(world.desk, by("cy"), invoice)).outcome.state
    assert done.approved.snapshot.name == "Customer one"
    said = await comments_of(world.store, invoice)
    assert [(s.what, s.author, s.text) for s in said] == [
        ("comment", "zoe", "<b>Why so dear?</b>"), ("approval", "ann", "fine"), ("rejection", "cy", "look again"),
    ]  # fmt: skip
    assert await refused(comment(world.desk, by("zoe"), invoice, "too late")) == "invoice-final"


async def test_four_eyes_and_withdrawing(world):
    await two_steps(world, four_eyes=True)
    invoice = await open_invoice(world.store)
    await request_approval(world.desk, by("bob"), invoice)
    assert await refused(approve(world.desk, by("bob"), invoice)) == "four-eyes"
    assert await refused(withdraw(world.desk, by("ann"), invoice, "no")) == "not-requester"
    reopened = (await withdraw(world.desk, by("root"), invoice, "wrong", admin=True)).outcome.state
    assert reopened.status == "pending"
    assert await refused(request_approval(world.desk, by("bob"), invoice)) == "invoice-pending"


async def test_an_emptied_group_lets_nobody_request(world):
    await world.save("group", code="finance", name="Finance", members=[], invoice_approval=True)
    invoice = await open_invoice(world.store)
    assert await refused(request_approval(world.desk, by("ann"), invoice)) == "group-empty"


async def test_the_period_is_past_by_the_customers_own_day(world):
    await world.save("customer", code="C1", name="one", time_zone="Pacific/Kiritimati")
    await world.save("customer", code="C2", name="two", time_zone="Pacific/Honolulu")
    today = NOW.date()
    east = await open_invoice(world.store, "E", "C1", today - timedelta(days=1))
    west = await open_invoice(world.store, "W", "C2", today - timedelta(days=1))
    early = origin(NOW.replace(hour=9), actor="ann")
    assert await refused(approve(world.desk, early, west)) == "period-not-past"
    assert (await approve(world.desk, early, east)).outcome.state.status == "approved"


async def test_close_and_delete(world):
    one, two = await open_invoices(world.store, 2)
    assert await refused(close(world.desk, by("zoe"), one, "r")) == "not-in-group"
    closed = (await close(world.desk, by("bob"), one, "bankrupt")).outcome
    assert (closed.state.status, closed.changed) == ("closed", True)
    assert not (await close(world.desk, by("bob"), one, "bankrupt")).outcome.changed
    assert await refused(delete(world.desk, by("bob"), one, "r")) == "invoice-final"
    await recalculate(world.desk, by("bob"), two)
    assert await refused(close(world.desk, by("bob"), two, "r")) == "invoice-pending"
    assert (await delete(world.desk, by("bob"), two, "double")).outcome.state.status == "deleted"


async def test_of_two_verbs_at_once_for_one_version_one_is_done(world):
    invoice = await open_invoice(world.store)
    version = (await history_of(world.store, invoice)).version
    verbs = [close(world.desk, by("ann"), invoice, f"r{n}", expected=version) for n in range(3)]
    verbs += [delete(world.desk, by("ann"), invoice, f"r{n}", expected=version) for n in range(3)]
    verbs += [approve(world.desk, by("ann"), invoice, expected=version) for _ in range(3)]
    ended = await asyncio.gather(*verbs, return_exceptions=True)
    no = [e for e in ended if isinstance(e, Rejected)]
    assert len(no) == len(ended) - 1, ended
    assert {one.code for one in no} == {"stale-version"}


@pytest.mark.parametrize("verb", ["approve", "close"])
async def test_the_answer_is_stored_with_the_events(world, verb):
    invoice = await open_invoice(world.store)

    def answer(outcome):
        key = IdempotencyKey("scope", "key", "digest", forever=True)
        number = outcome.state.approved.number if outcome.state.approved else None
        return Answer(key, 200, {"status": outcome.state.status, "number": number}, {})

    async def call():
        if verb == "approve":
            return await approve(world.desk, by("ann"), invoice, answer=answer)
        return await close(world.desk, by("ann"), invoice, "r", answer=answer)

    done = await call()
    stored = await world.store.answered("scope", "key")
    wanted = {"approve": ("approved", "INV-2026-000001"), "close": ("closed", None)}[verb]
    assert ((stored.body["status"], stored.body["number"]), stored.position) == (wanted, done.position)
    with pytest.raises(AlreadyAnswered):
        await call()


async def test_many_clerks_at_once_on_the_same_invoices_give_each_one_number(world):
    invoices = await open_invoices(world.store, 30)
    calls = [approve(world.desk, by(who), one) for one in invoices for who in ("ann", "bob")]
    ended = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(not isinstance(e, Exception) for e in ended) == 30
    assert {e.code for e in ended if isinstance(e, Exception)} == {"invoice-final"}
    assert (await check_numbers(world.store)).findings == ()


async def test_creating_twice_changes_nothing_and_a_taken_reference_is_refused(world):
    nobody = AdHoc("NOBODY", "R-0", date(2026, 3, 1), date(2026, 2, 1), "EUR")
    assert await refused(create(world.desk, origin(), nobody)) == "unknown-customer"
    await world.save("customer", code="C1", name="C1")
    wanted = AdHoc("C1", "R-1", date(2026, 3, 1), date(2026, 2, 1), "EUR")
    assert (await create(world.desk, origin(), wanted)).outcome.changed
    assert not (await create(world.desk, origin(), wanted)).outcome.changed
    other = AdHoc("C2", "R-1", date(2026, 3, 1), date(2026, 2, 1), "EUR")
    assert await refused(create(world.desk, origin(), other)) == "reference-taken"


async def test_a_bulk_numbers_in_order_and_tells_of_each(world):
    invoices = await open_invoices(world.store, 300, customers=7)
    early = await open_invoice(world.store, "EARLY", "C9", date(2026, 1, 31))
    closed, gone = invoices[5], origin().command_id
    await close(world.desk, by("ann"), closed, "r")
    heard = []

    def told(batch):
        heard.append(len(batch))
        return True

    wanted = [*invoices, early, gone]
    results = await approve_many(world.desk, by("ann"), wanted, include_empty=True, told=told)
    assert {r.invoice for r in results} == set(wanted)
    assert {r.refused.code for r in results if r.refused} == {"invoice-final", "customer-invoice-missing"}
    done = {r.number: await world.state(r.invoice) for r in results if r.number}
    in_order = [(s.period_to, s.customer) for _, s in sorted(done.items())]
    assert in_order == sorted(in_order)
    assert sorted(s.approved.sequence for s in done.values()) == list(range(1, 301))
    assert sum(heard) == len(wanted)
    again = await approve_many(world.desk, by("ann"), [early], include_empty=True)
    assert (again[0].status, again[0].changed) == ("approved", False)
    assert (await check_numbers(world.store)).findings == ()


async def test_a_bulk_leaves_empty_ones_out_and_can_be_ended(world):
    invoices = await open_invoices(world.store, 3)
    results = await approve_many(world.desk, by("ann"), invoices)
    assert {r.refused.code for r in results} == {"invoice-empty"}
    assert await approve_many(world.desk, by("ann"), [], include_empty=True) == []
    missing = [origin().command_id]
    assert len(await approve_many(world.desk, by("ann"), [*missing, *invoices], told=lambda _: False)) == 1


async def test_a_bulk_approves_steps_too(world):
    await two_steps(world)
    invoice = await open_invoice(world.store)
    await request_approval(world.desk, by("cy"), invoice)
    (result,) = await approve_many(world.desk, by("ann"), [invoice], include_empty=True, comment="ok")
    assert (result.status, result.number, result.changed) == ("approving", None, True)
    (last,) = await approve_many(world.desk, by("cy"), [invoice], include_empty=True)
    assert last.number == "INV-2026-000001"


async def test_a_calculation_between_the_look_and_the_approval_is_not_approved_unseen(world):
    invoice = await open_invoice(world.store)
    seen = (await history_of(world.store, invoice)).version
    history = await history_of(world.store, invoice)
    await world.store.append(Save(origin(), (Write(history, (calculated(2, through=seen),)),)))
    assert await refused(approve(world.desk, by("ann"), invoice, expected=seen)) == "stale-version"
