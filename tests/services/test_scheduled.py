"""What the jobs do, and what a worker does of itself, wired as in production."""

import asyncio

import pytest

from adapters.operations import ReactionPositions
from commands.ports.jobs import JobRun
from commands.reactions.notices import notice_of
from commands.reference.save import save
from domain.identity import periodical_invoice_stream
from domain.jobs.schedule import local_day
from domain.operations.events import ImportSummaryBuilt, NoticeRaised
from domain.reference.bodies import CustomerBody
from domain.reference.kinds import KINDS
from services.mailing import service_origin
from services.reacting import purge, react, repeat, sweep
from services.scheduled import job_runners
from services.settings import load_settings
from services.wiring import open_parts
from services.worker import run_worker
from tests.support.operations import changed
from tests.support.origins import NOW
from tests.support.ports import free_port
from tests.support.provider_invoices import NUMBER
from tests.support.yard import DAY, open_yard


@pytest.fixture
async def yard(database, tmp_path):
    async with open_yard(database, tmp_path) as opened:
        yield opened


@pytest.fixture
async def parts(yard, database, tmp_path):
    settings = load_settings(
        data=tmp_path / "data", files=str(tmp_path / "raw"), import_roots=(str(yard.folder),), rate_limit=0
    )
    async with open_parts(settings, database_url=database) as opened:
        yield opened


@pytest.fixture
async def working(parts):
    stop = asyncio.Event()
    task = asyncio.create_task(run_worker(parts, stop))
    yield
    stop.set()
    await task


def job_run(job, number=1):
    return JobRun(number, job, DAY, False, NOW, NOW, NOW, None, None, None, 1, 1, True)


@pytest.mark.usefixtures("working")
async def test_the_daily_sync_is_an_operation_and_the_summary_follows_it(yard, parts):
    yard.offer()
    jobs = job_runners(parts)
    assert await jobs["provider-sync"](job_run("provider-sync")) == "1 imported, 0 failed, 0 changed, 0 unchanged."
    assert (await jobs["import-summary"](job_run("import-summary"))).startswith(f"Summary of {DAY}: ")
    built = await parts.store.read(after=0, limit=10, types=[ImportSummaryBuilt.type])
    assert len(built) == 1
    assert (await yard.state(NUMBER)).status == "active"


@pytest.mark.usefixtures("working")
async def test_a_run_that_another_scheduler_takes_over_joins_the_same_operation(yard, parts):
    yard.offer(["60", "40"], total="7.00")
    sync = job_runners(parts)["provider-sync"]
    await asyncio.gather(sync(job_run("provider-sync")), sync(job_run("provider-sync")))
    await sync(job_run("provider-sync"))
    assert "import-retried" not in await yard.types()
    await sync(job_run("provider-sync", number=2))
    assert (await yard.types())[-1] == "import-retried"


async def test_periodical_invoices_begin_for_customers_that_are_billed_and_only_once(parts):
    first = local_day(parts.clock.now(), "UTC").replace(day=1)
    for code, since in (("billed", first), ("not-yet", None)):
        body = CustomerBody(code=code, name=code, bill_from=since)
        await save(parts.desk, service_origin(parts, "test"), KINDS["customer"], body)
    begin = job_runners(parts)["periodical-invoices"]
    assert await begin(job_run("periodical-invoices")) == "1 began, of 1 customers that are billed."
    assert await begin(job_run("periodical-invoices")) == "0 began, of 1 customers that are billed."
    created = (await parts.store.load(periodical_invoice_stream("billed", first))).facts
    assert [fact.type for fact in created] == ["customer-invoice.created"]


async def test_a_reported_change_leads_to_one_notice_however_often_it_is_seen(yard, parts):
    yard.offer()
    await yard.daily()
    yard.entry(total="120.00", revision="2")
    await yard.daily()
    positions = ReactionPositions(parts.pool)
    assert await react(parts, positions) == 1
    assert await react(parts, positions) == 0
    async with parts.pool.connection() as connection:
        await connection.execute("DELETE FROM reaction_position")
    assert await react(parts, positions) == 1
    raised = await parts.store.read(after=0, limit=10, types=[NoticeRaised.type])
    assert [r.fact.name for r in raised] == [f"ACME {NUMBER}"]
    fact = changed(NUMBER, total="120.00", revision="2")
    assert raised[0].stream == notice_of(fact)


async def test_there_is_nothing_to_sweep_or_purge_in_a_tidy_store(parts):
    assert await sweep(parts) == 0
    assert await purge(parts) == 0


async def test_a_loop_rides_out_what_fails():
    stop, turns = asyncio.Event(), []

    async def work():
        turns.append(1)
        if len(turns) == 3:
            stop.set()
        if len(turns) == 1:
            raise ZeroDivisionError
        return 1

    await repeat(work, "things done", 0.0, stop)
    assert len(turns) == 3


async def test_the_scheduler_as_a_process_is_ready_and_ends_when_asked(processes, database, tmp_path):
    port = free_port()
    env = {"LEDGERLINE_DATABASE_URL": database, "LEDGERLINE_KEYS": str(tmp_path / "keys")}
    scheduler = processes.ledgerline("scheduler", **env, LEDGERLINE_OPERATIONS_PORT=str(port))
    await asyncio.to_thread(scheduler.wait_for_url, f"http://127.0.0.1:{port}/readyz")
    assert await asyncio.to_thread(scheduler.stop) == 0
