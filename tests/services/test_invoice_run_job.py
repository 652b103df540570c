"""The daily job: days not done yet in order, each zone by its own day, whatever was missed and whoever takes over."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from commands.jobs.plan import plan_due
from commands.ports.jobs import JobRun
from commands.ports.operations import OperationFilter
from commands.reference.save import save
from domain.reference.decisions import parse
from domain.reference.kinds import KINDS
from services.invoice_runs import invoice_run_job
from services.settings import load_settings
from services.wiring import open_parts
from services.worker import make_runner
from tests.support.origins import origin
from tests.support.running import SteeredBiller, due_contract
from tests.support.waiting import eventually_async

EAST, HOME, WEST = "Pacific/Auckland", "UTC", "America/Los_Angeles"
START = datetime(2026, 2, 1, 12, tzinfo=UTC)


@pytest.fixture
async def parts(database, tmp_path):
    settings = load_settings(data=tmp_path / "data", rate_limit=0, clock="test")
    async with open_parts(settings, database_url=database) as opened:
        await opened.clock.set(START)
        biller = SteeredBiller(opened.pool, opened.store)
        opened.runs = replace(opened.runs, bill=biller)
        yield opened


@pytest.fixture
def biller(parts):
    return parts.runs.bill


@pytest.fixture
async def working(parts):
    """A worker with its operations alone."""
    stop = asyncio.Event()
    task = asyncio.create_task(make_runner(parts).run(stop))
    yield
    stop.set()
    await task


def asked(number=1, *, manual=False, tries=1):
    day = START.date()
    return JobRun(number, "invoice-run", day, manual, START, START, START, None, None, None, tries, number, True)


async def days(parts):
    """Days with a report that is done, oldest first."""
    found = await parts.runs.runs.reports(before=None, limit=100)
    return [one.day for one in reversed(found) if one.status == "done"]


@pytest.mark.usefixtures("working")
async def test_missed_days_are_run_in_order_each_as_of_its_own_date(parts, biller):
    job = invoice_run_job(parts)
    assert (await job(asked(1))).startswith("2026-02-01: 0 invoiced")
    due = [date(2026, 2, n) for n in (3, 5, 9)]
    for day in due:
        await due_contract(parts.pool, f"K-{day.day}", day)
    await parts.clock.set(START + timedelta(days=7))  # a week without a scheduler
    said = await job(asked(2))
    assert said.startswith("7 runs; the last: 2026-02-08")
    assert [day for _, day in biller.billed] == due[:2]
    assert await days(parts) == [date(2026, 2, n) for n in range(1, 9)]
    assert await job(asked(3)) == "No zone had a day to do."


@pytest.mark.usefixtures("working")
async def test_each_zone_has_its_day_when_its_hour_has_come(parts, biller):
    day = date(2026, 2, 3)
    contracts = {zone: await due_contract(parts.pool, f"K-{zone}", day, zone) for zone in (EAST, HOME, WEST)}
    job = invoice_run_job(parts)
    for number, (now, zone) in enumerate(
        [
            (datetime(2026, 2, 2, 13, tzinfo=UTC), EAST),  # 02:00 in Auckland
            (datetime(2026, 2, 3, 2, tzinfo=UTC), HOME),
            (datetime(2026, 2, 3, 10, tzinfo=UTC), WEST),
        ]
    ):
        before = len(biller.billed)
        await parts.clock.set(now - timedelta(minutes=1))
        await job(asked(2 * number + 1))
        assert len(biller.billed) == before, zone
        await parts.clock.set(now)
        await job(asked(2 * number + 2))
        assert biller.billed[before:] == [(contracts[zone], day)]
    report = (await parts.runs.runs.reports(before=None, limit=1))[0]
    assert (report.day, report.counts["invoiced"], report.waiting) == (day, 3, 0)


@pytest.mark.usefixtures("working")
async def test_what_failed_is_tried_again_by_the_next_day(parts, biller):
    day = START.date()
    contract = await due_contract(parts.pool, "K-1", day)
    biller.fails[contract] = "no-price"
    job = invoice_run_job(parts)
    await job(asked(1))
    biller.fails.clear()
    await parts.clock.set(START + timedelta(days=1))
    await job(asked(2))
    assert biller.billed == [(contract, day + timedelta(days=1))]


@pytest.mark.usefixtures("working")
async def test_schedulers_at_once_and_one_that_takes_over_join_the_same_run(parts, biller):
    contracts = [await due_contract(parts.pool, f"K-{number}", START.date()) for number in range(20)]
    job = invoice_run_job(parts)
    await asyncio.gather(*(job(asked(1, tries=tries)) for tries in (1, 2, 3)))
    assert sorted(contract for contract, _ in biller.billed) == sorted(contracts)
    assert await days(parts) == [START.date()]


async def test_a_run_that_was_cancelled_leaves_its_day_to_the_next_start(parts, biller):
    await due_contract(parts.pool, "K-1", START.date())
    job = invoice_run_job(parts)
    started = asyncio.create_task(job(asked(1)))

    async def waits():
        found = await parts.operations.newest(OperationFilter(statuses=("queued",)))
        return found[0] if found else None

    operation = await eventually_async(waits)
    await parts.operations.request_cancel(operation.id, START)
    assert "cancelled" in await started
    stop = asyncio.Event()
    worker = asyncio.create_task(make_runner(parts).run(stop))
    await job(asked(2))
    stop.set()
    await worker
    assert len(biller.billed) == 1
    assert await days(parts) == [START.date()]


@pytest.mark.usefixtures("working")
async def test_started_by_hand_it_does_not_wait_for_the_hour(parts, biller):
    job = invoice_run_job(parts)
    await job(asked(1))
    await parts.clock.set(datetime(2026, 2, 2, 1, tzinfo=UTC))
    contract = await due_contract(parts.pool, "K-1", date(2026, 2, 2))
    assert await job(asked(2)) == "No zone had a day to do."
    by_hand = replace(asked(3, manual=True), day=date(2026, 2, 2))
    assert "1 invoiced" in await job(by_hand)
    assert biller.billed == [(contract, date(2026, 2, 2))]


async def test_the_scheduler_asks_for_it_at_every_beginning_of_a_day(parts):
    await due_contract(parts.pool, "K-1", date(2026, 2, 3), EAST)
    body = parse(KINDS["customer"], {"code": "C1", "name": "First"})
    await save(parts.desk, origin(START), KINDS["customer"], body)  # the deployment has begun
    found = []
    for hour in range(48):
        now = datetime(2026, 2, 2, tzinfo=UTC) + timedelta(hours=hour)
        for run in await plan_due(parts.store, parts.jobs, now, "UTC", only=["invoice-run"]):
            found.append(now)
            claimed = await parts.jobs.claim(run.job, "me", 60, now)
            await parts.jobs.end(claimed, "ok", "fine", now)
    # The first is that of Auckland's 2 February, which began an hour after the deployment did.
    assert [(one.day, one.hour) for one in found] == [(2, 0), (2, 2), (2, 13), (3, 2), (3, 13)]


@pytest.mark.usefixtures("working")
async def test_what_failed_stays_a_problem_until_it_is_billed_also_while_no_run_looks_at_it(parts, biller):
    async def not_billed():
        found = await parts.read_models.findings.all(START)
        return [(one.facts["contract"], one.facts["code"], one.since) for one in found]

    west = await due_contract(parts.pool, "K-west", START.date(), WEST)
    job = invoice_run_job(parts)
    biller.fails[west] = "no-price"
    await job(asked(1))
    failed = [("K-west", "no-price", START)]
    assert await not_billed() == failed
    await parts.clock.set(datetime(2026, 2, 2, 4, tzinfo=UTC))  # 20:00 of the day before in Los Angeles
    await due_contract(parts.pool, "K-home", date(2026, 2, 2))
    await job(asked(2))
    report = (await parts.runs.runs.reports(before=None, limit=1))[0]
    assert (report.day, report.counts["invoiced"], report.counts["failed"]) == (date(2026, 2, 2), 1, 0)
    assert await not_billed() == failed
    await parts.clock.set(datetime(2026, 2, 2, 12, tzinfo=UTC))
    await job(asked(3))
    assert await not_billed() == failed  # tried again, and since then
    biller.fails.clear()
    await parts.clock.set(datetime(2026, 2, 3, 12, tzinfo=UTC))
    await job(asked(4))
    assert await not_billed() == []
