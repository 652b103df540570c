"""The table of tasks that are to be done: found from the feed, leased to one worker at a time."""

from datetime import timedelta

import pytest

from commands.ports.tasks import DueTask
from domain.customer_invoice import task_events as t
from domain.customer_invoice.events import CustomerInvoiceDeleted
from domain.customer_invoice.tasks import armed
from domain.identity import ad_hoc_invoice_stream
from tests.support.customer_invoices import NAMES, approved_fact, created
from tests.support.https_server import endpoint
from tests.support.origins import NOW
from tests.support.tasking import open_office, task_settings

__all__ = ["endpoint"]
INVOICE = ad_hoc_invoice_stream("R-1").id
DELETED = CustomerInvoiceDeleted(**NAMES, reason="wrong")
LONG = 600.0


@pytest.fixture
async def office(database, tmp_path, endpoint):
    async with open_office(database, task_settings(tmp_path, endpoint)) as opened:
        yield opened


def arm(*tasks):
    return armed(INVOICE, **NAMES, tasks=tasks, by="run")


async def claimed(office, lease=LONG, now=NOW, task="charge"):
    return list(await office.desk.due.claim(task, 10, now, lease))


async def test_one_that_was_deleted_and_began_anew_between_two_looks(office):
    await office.append(INVOICE, created(), *arm("charge", "send"), DELETED, created(), *arm("charge"), approved_fact())
    await office.desk.due.note()
    assert await claimed(office) == [DueTask(INVOICE, "charge", 1, 1)]
    assert await claimed(office, task="send") == []


async def test_it_is_leased_to_one_and_the_next_one_when_that_runs_out(office):
    await office.append(INVOICE, created(), *arm("charge"), approved_fact())
    await office.desk.due.note()
    (first,) = await claimed(office, lease=0.0)
    (second,) = await claimed(office)
    assert (first.tries, second.tries) == (1, 2)
    assert await claimed(office) == []
    await office.desk.due.later(first, NOW)  # its lease is lost: no word of its counts
    assert await claimed(office) == []
    await office.desk.due.later(second, NOW + timedelta(seconds=10))
    assert await claimed(office) == []
    assert [one.tries for one in await claimed(office, now=NOW + timedelta(seconds=10))] == [3]


async def test_at_once_when_somebody_says_so(office):
    await office.append(INVOICE, created(), *arm("charge"), approved_fact())
    await office.desk.due.note()
    (one,) = await claimed(office)
    await office.desk.due.later(one, NOW + timedelta(hours=6))
    assert (await office.desk.due.waiting(INVOICE))["charge"].next_try == NOW + timedelta(hours=6)
    await office.desk.due.hurry(INVOICE, "charge")
    assert len(await claimed(office)) == 1


async def test_done_and_asked_again_between_two_looks(office):
    await office.append(INVOICE, created(), *arm("charge"), approved_fact())
    await office.desk.due.note()
    (one,) = await claimed(office)
    about = {**NAMES, "task": "charge", "key": "k"}
    done = t.TaskSucceeded(**about, round=1, number="INV-1", tries=1, status=200)
    await office.append(INVOICE, done, t.TaskArmed(**about, round=2, by="hand"))
    await office.desk.due.note()
    await office.desk.due.done(one)  # late word on the first round
    assert await claimed(office) == [DueTask(INVOICE, "charge", 2, 1)]


async def test_the_feed_is_read_once_by_whoever_comes_first(office):
    await office.append(INVOICE, created(), *arm("charge"), approved_fact())
    assert await office.desk.due.note() == 2
    assert await office.desk.due.note() == 0
