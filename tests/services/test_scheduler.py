import asyncio
import sys
from contextlib import asynccontextmanager

import psycopg
import pytest

from adapters.jobs import StoredJobs
from commands.jobs.start import start_by_hand
from services.scheduler import Scheduler
from tests.support.origins import NOW
from tests.support.waiting import eventually, eventually_async

SYNC, SUMMARY = "provider-sync", "import-summary"

pytestmark = pytest.mark.usefixtures("begun")


class Runner:
    """Counts its runs; fails as often as it is told to, and ends when it may."""

    def __init__(self, failures=0, fault=None):
        self.runs = []
        self.failures = failures
        self.fault = fault or RuntimeError("the provider exploded")
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def __call__(self, run):
        self.runs.append(run)
        await self.may_end.wait()
        if len(self.runs) <= self.failures:
            raise self.fault
        return f"ran {run.job}"


def scheduler(record, sync, summary, *, clock=lambda: NOW, owner="one", lease=5.0):
    return Scheduler(
        store=record.store,
        jobs=StoredJobs(record.pool),
        runners={SYNC: sync, SUMMARY: summary},
        clock=clock,
        zone="UTC",
        owner=owner,
        lease_seconds=lease,
        tick_seconds=0.02,
    )


@asynccontextmanager
async def running(*schedulers):
    stop = asyncio.Event()
    tasks = [asyncio.create_task(one.run(stop)) for one in schedulers]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def ended(record, job, count=1):
    async def look():
        rows = await record.rows(f"SELECT outcome, result FROM job_runs WHERE job = '{job}' AND ended_at IS NOT NULL")
        return rows if len(rows) >= count else None

    return await eventually_async(look)


async def test_a_day_runs_once_in_two_schedulers_and_the_summary_after_the_sync(record):
    sync, summary = Runner(), Runner()
    async with running(scheduler(record, sync, summary), scheduler(record, sync, summary, owner="two")):
        assert await ended(record, SUMMARY) == [("ok", "ran import-summary")]
    assert (len(sync.runs), len(summary.runs)) == (1, 1)
    assert sync.runs[0].day == NOW.date()


async def test_what_raises_is_tried_again_later_and_given_up_in_the_end(record):
    class Clock:
        now = NOW

        def __call__(self):
            return self.now

    clock, sync = Clock(), Runner(failures=9)
    async with running(scheduler(record, sync, Runner(), clock=clock)):
        for tries in range(1, 5):
            await eventually_async(lambda n=tries: _tried(record, n))
            clock.now += (await StoredJobs(record.pool).open_run(SYNC)).due_at - clock.now
        assert await ended(record, SYNC) == [("failed", "RuntimeError: the provider exploded")]
    assert len(sync.runs) == 5


async def test_a_database_that_was_away_is_not_the_jobs_failure(record):
    sync = Runner(failures=9, fault=psycopg.OperationalError("server closed the connection unexpectedly"))
    async with running(scheduler(record, sync, Runner())):  # by a clock that stands still: nothing is due later
        assert await ended(record, SYNC) == [("ok", "ran provider-sync")]
    assert len(sync.runs) == 10


async def _tried(record, tries):
    run = await StoredJobs(record.pool).open_run(SYNC)
    return run.tries == tries and not run.running and run.result


async def test_by_hand_beside_the_days_run(record):
    sync = Runner()
    async with running(scheduler(record, sync, Runner())):
        await ended(record, SYNC)
        await start_by_hand(StoredJobs(record.pool), SYNC, NOW, "UTC")
        await ended(record, SYNC, count=2)
    assert [run.manual for run in sync.runs] == [False, True]


async def test_a_scheduler_that_stops_gives_its_run_back(record):
    sync, later = Runner(), Runner()
    sync.may_end.clear()
    async with running(scheduler(record, sync, Runner())):
        await eventually_async(lambda: asyncio.sleep(0, sync.runs))
    run = await StoredJobs(record.pool).open_run(SYNC)
    assert (run.running, run.tries) == (False, 0)
    async with running(scheduler(record, later, Runner(), owner="two")):
        await ended(record, SYNC)
    assert later.runs[0].fencing > sync.runs[0].fencing


async def test_one_that_lost_its_lease_stops_and_records_nothing(record):
    sync = Runner()
    sync.may_end.clear()
    async with running(scheduler(record, sync, Runner(), lease=0.3)):
        await eventually_async(lambda: asyncio.sleep(0, sync.runs))
        async with record.pool.connection() as connection:  # another process took it over
            await connection.execute("UPDATE job_runs SET fencing = nextval('job_fencing'), lease_until = 'infinity'")
        await eventually_async(lambda: asyncio.sleep(0, not _tasks("job provider-sync")))
    assert (await StoredJobs(record.pool).open_run(SYNC)).outcome is None


def _tasks(name):
    return [task for task in asyncio.all_tasks() if task.get_name() == name]


@pytest.mark.processes
def test_a_killed_schedulers_run_is_taken_over_by_the_other(database, processes):
    with psycopg.connect(database, autocommit=True) as connection:

        def rows(query):
            return connection.execute(query).fetchall()

        connection.execute("CREATE TABLE effects (what text, job text, pid int, fencing bigint)")
        connection.execute("CREATE TABLE gate ()")
        command = [sys.executable, "-m", "tests.services.scheduler_process", database]
        both = {service.pid: service for service in (processes.start(name, command) for name in ("one", "two"))}
        begins = "SELECT pid, fencing FROM effects WHERE what = 'begin' ORDER BY fencing"
        [(owner, fencing)] = eventually(lambda: rows(begins))
        both[owner].kill()
        _, (heir, later) = eventually(lambda: len(rows(begins)) > 1 and rows(begins))
        assert (heir != owner, later > fencing) == (True, True)
        connection.execute("INSERT INTO gate DEFAULT VALUES")
        runs = "SELECT job, outcome, tries FROM job_runs WHERE ended_at IS NOT NULL ORDER BY id"
        eventually(lambda: len(rows(runs)) == 2)
        assert rows(runs) == [(SYNC, "ok", 2), (SUMMARY, "ok", 1)]
        assert rows("SELECT job, count(*) FROM effects WHERE what = 'end' GROUP BY job ORDER BY job") == [
            (SUMMARY, 1),
            (SYNC, 1),
        ]
        assert both[heir].stop() == 0
