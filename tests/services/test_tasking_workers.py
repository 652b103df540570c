"""Post-invoicing tasks in the hands of workers: many at once, one that is slow, one that is killed in the middle."""

import asyncio
import sys

import pytest

from commands.customer_invoice.tasks import do_due
from services.tasking import TaskRunner
from tests.support.https_server import endpoint
from tests.support.origins import origin
from tests.support.tasking import open_office, task_settings
from tests.support.waiting import eventually_async

__all__ = ["endpoint"]


@pytest.fixture
def settings(tmp_path, endpoint, mail_server):
    return task_settings(tmp_path, endpoint, mail_server)


@pytest.fixture
async def office(database, settings):
    async with open_office(database, settings) as opened:
        yield opened


async def test_many_workers_do_each_task_once(office, endpoint):
    invoices = [await office.invoice("charge", reference=f"R-{n}") for n in range(20)]
    await office.desk.due.note()
    assert sum(await asyncio.gather(*(do_due(office.desk, "charge", origin, 2) for _ in range(4)))) == 20
    assert sorted(asked.key for asked in endpoint.asked) == sorted(f"{i}:charge" for i in invoices)


async def test_one_that_is_slow_holds_up_no_other(office, endpoint):
    endpoint.behaves = ["hang", "once"]
    invoices = [await office.invoice("charge", reference=f"R-{n}") for n in range(7)]
    await office.desk.due.note()
    turn = asyncio.create_task(do_due(office.desk, "charge", origin, 2))

    async def pending(count):
        return [(await office.task(one)).pending for one in invoices].count(True) == count

    await eventually_async(lambda: pending(1))
    endpoint.talks.set()
    assert await turn == 7
    assert await pending(0)


async def in_another_process(processes, database, endpoint, tmp_path, name):
    env = {
        "LEDGERLINE_DATABASE_URL": database,
        "LEDGERLINE_DATA": str(tmp_path / "data"),
        "LEDGERLINE_CHARGE_URL": endpoint.url,
        "LEDGERLINE_CHARGE_SECRET": "whsec-charge",
        "LEDGERLINE_TASK_CA_FILE": str(endpoint.ca_file),
    }
    return processes.start(name, [sys.executable, "-m", "tests.services.task_process"], **env)


async def test_an_answer_after_the_caller_has_died(database, tmp_path, settings, endpoint, processes):
    """Killed hard between request and answer: another worker asks with the same key, and is told that it was done."""
    endpoint.behaves = ["hang", "once"]
    async with open_office(database, settings) as office:
        invoice = await office.invoice("charge")
        first = await in_another_process(processes, database, endpoint, tmp_path, "first")
        await eventually_async(lambda: asyncio.sleep(0, len(endpoint.asked) == 1), what="the first worker asked")
        first.kill()
        endpoint.talks.set()  # it answers now: nobody is there
        assert await office.told(invoice) == ["armed"]
        await in_another_process(processes, database, endpoint, tmp_path, "second")

        async def ended():
            return (await office.task(invoice)).status == "succeeded"

        await eventually_async(ended)
        task = await office.task(invoice)
    assert (task.http_status, task.tries) == (409, 2)
    assert [asked.key for asked in endpoint.asked] == [f"{invoice}:charge"] * 2
    assert len(endpoint.charged) == 1


async def test_the_loops_of_a_worker_and_what_they_count(database, settings, endpoint, mail_server):
    async with open_office(database, settings) as office:
        await office.customer("a@example.test")
        invoice = await office.invoice("send", "charge", "sync")
        runner, stop = TaskRunner(), asyncio.Event()
        runner.show(office.parts.metrics)
        loops = asyncio.create_task(runner.run(office.parts, stop))

        async def done():
            return {t.status for t in (await office.state(invoice)).tasks.values()} == {"succeeded"}

        try:
            await eventually_async(done)
        finally:
            stop.set()
            await loops
        labels = {"task": "charge", "ended": "succeeded"}
        assert office.parts.metrics.get_sample_value("ledgerline_invoice_tasks_total", labels) == 1
    assert (len(mail_server.mails), len(endpoint.asked)) == (1, 2)
