import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.jobs import StoredJobs
from commands.jobs.bodies import job_bodies, patch_job
from commands.jobs.plan import plan_due
from commands.jobs.start import start_by_hand
from commands.jobs.status import all_statuses, status
from commands.reference.save import save
from domain.reference import decisions
from domain.reference.kinds import KINDS
from domain.rejected import Rejected
from tests.support.origins import NOW, origin

DAY = NOW.date()
SYNC, SUMMARY, PERIODS = "provider-sync", "import-summary", "periodical-invoices"


@pytest.fixture
def jobs(begun):
    return StoredJobs(begun.pool)


async def plan(record, jobs, now=NOW, only=(SYNC, SUMMARY)):
    return [(run.job, run.day) for run in await plan_due(record.store, jobs, now, "UTC", only=only)]


async def run_through(jobs, job, now=NOW, result="fine"):
    run = await jobs.claim(job, "me", 60, now)
    assert await jobs.end(run, "ok", result, now)
    return run


async def test_nothing_is_asked_for_before_there_is_anything(record):
    jobs = StoredJobs(record.pool)
    assert await plan(record, jobs, only=(SYNC, SUMMARY, PERIODS)) == []
    body = decisions.parse(KINDS["product"], {"code": "FIRST", "name": "First"})
    await save(record.desk, origin(NOW - timedelta(days=1)), KINDS["product"], body)
    assert await plan(record, jobs) == [(SYNC, DAY)]


class TestRuns:
    async def test_one_open_run_a_job_and_one_scheduled_run_a_day(self, jobs):
        runs = await asyncio.gather(*(jobs.enqueue(SYNC, DAY, NOW, manual=False) for _ in range(8)))
        assert sum(run is not None for run in runs) == 1
        assert await jobs.enqueue(SYNC, DAY, NOW, manual=True) is None
        await run_through(jobs, SYNC)
        assert await jobs.enqueue(SYNC, DAY, NOW, manual=False) is None
        assert (await jobs.enqueue(SYNC, DAY, NOW, manual=True)).manual
        assert await jobs.last_days() == {SYNC: (DAY, DAY)}

    async def test_of_many_claims_one_has_it(self, jobs):
        await jobs.enqueue(SYNC, DAY, NOW, manual=False)
        claims = await asyncio.gather(*(jobs.claim(SYNC, f"p{n}", 60, NOW) for n in range(8)))
        [mine] = [run for run in claims if run]
        assert (mine.tries, mine.running, mine.started_at) == (1, True, NOW)
        assert (await jobs.open_run(SYNC)).running

    async def test_a_lease_that_ran_out_is_taken_over_and_its_former_owner_changes_nothing(self, jobs):
        await jobs.enqueue(SYNC, DAY, NOW, manual=False)
        dead = await jobs.claim(SYNC, "dead", 0, NOW)
        alive = await jobs.claim(SYNC, "alive", 60, NOW)
        assert alive.fencing > dead.fencing
        assert alive.tries == 2
        assert not await jobs.renew(dead, 60)
        assert not await jobs.end(dead, "failed", "zombie", NOW)
        assert not await jobs.retry(dead, "zombie", NOW)
        await jobs.release(dead)
        assert await jobs.renew(alive, 60)
        assert await jobs.end(alive, "ok", "done", NOW + timedelta(minutes=1))
        last = await jobs.last_run(SYNC)
        assert (last.outcome, last.result, last.ended_at, last.running) == (
            "ok",
            "done",
            NOW + timedelta(minutes=1),
            False,
        )

    async def test_what_is_tried_again_waits_and_what_is_given_back_does_not(self, jobs):
        await jobs.enqueue(SYNC, DAY, NOW, manual=False)
        run = await jobs.claim(SYNC, "me", 60, NOW)
        assert await jobs.retry(run, "boom", NOW + timedelta(minutes=1))
        assert await jobs.claim(SYNC, "me", 60, NOW) is None
        run = await jobs.claim(SYNC, "me", 60, NOW + timedelta(minutes=1))
        await jobs.release(run)
        assert (await jobs.claim(SYNC, "other", 60, NOW + timedelta(minutes=1))).tries == 2


class TestDays:
    async def test_a_day_is_asked_for_once_and_the_summary_waits_for_the_sync(self, record, jobs):
        assert await plan(record, jobs) == [(SYNC, DAY)]
        assert await plan(record, jobs) == []
        await run_through(jobs, SYNC)
        assert await plan(record, jobs) == [(SUMMARY, DAY)]
        await run_through(jobs, SUMMARY)
        assert await plan(record, jobs) == []

    async def test_a_sync_that_failed_for_good_does_not_hold_up_the_summary(self, record, jobs):
        await plan(record, jobs)
        await jobs.end(await jobs.claim(SYNC, "me", 60, NOW), "failed", "boom", NOW)
        assert await plan(record, jobs) == [(SUMMARY, DAY)]

    async def test_missed_days_are_caught_up_one_after_the_other(self, record, jobs):
        await jobs.enqueue(SYNC, DAY, NOW, manual=False)
        await run_through(jobs, SYNC)
        await jobs.enqueue(SUMMARY, DAY, NOW, manual=False)
        await run_through(jobs, SUMMARY)
        later, done = NOW + timedelta(days=3), []
        while asked := await plan(record, jobs, later):
            done += asked
            for job, _ in asked:
                await run_through(jobs, job, later)
        days = [DAY + timedelta(days=n) for n in (1, 2, 3)]
        assert [day for job, day in done if job == SYNC] == days
        assert [day for job, day in done if job == SUMMARY] == days
        assert [done.index((SYNC, d)) < done.index((SUMMARY, d)) for d in days] == [True] * 3

    async def test_switched_off_is_not_asked_for_and_does_not_hold_up(self, record, jobs):
        before = replace(origin(), now=NOW - timedelta(days=1))
        await patch_job(record.desk, before, SYNC, {"active": False})
        assert await plan(record, jobs) == [(SUMMARY, DAY)]

    async def test_many_processes_plan_at_once(self, record, jobs):
        asked = await asyncio.gather(*(plan(record, jobs) for _ in range(8)))
        assert [run for runs in asked for run in runs] == [(SYNC, DAY)]


class TestBeats:
    async def test_a_beat_is_asked_for_once_by_however_many(self, record, jobs):
        asked = await asyncio.gather(*(plan(record, jobs, only=(PERIODS,)) for _ in range(8)))
        assert [run for runs in asked for run in runs] == [(PERIODS, DAY)]
        first = await run_through(jobs, PERIODS)
        assert await plan(record, jobs, NOW + timedelta(minutes=4), only=(PERIODS,)) == []
        later = NOW + timedelta(minutes=5)
        asked = await asyncio.gather(*(plan(record, jobs, later, only=(PERIODS,)) for _ in range(8)))
        assert [run for runs in asked for run in runs] == [(PERIODS, DAY)]
        again = await run_through(jobs, PERIODS, later, "two began")
        assert (again.id, again.tries, again.fencing > first.fencing) == (first.id, 1, True)
        last = await jobs.last_run(PERIODS)
        assert (last.result, last.started_at) == ("two began", later)

    async def test_a_beat_waits_for_a_run_that_has_not_ended(self, record, jobs):
        await start_by_hand(jobs, PERIODS, NOW, "UTC")
        assert await plan(record, jobs, only=(PERIODS,)) == []
        await run_through(jobs, PERIODS)
        assert await plan(record, jobs, only=(PERIODS,)) == [(PERIODS, DAY)]
        assert await plan(record, jobs, NOW + timedelta(days=1), only=(PERIODS,)) == []
        await run_through(jobs, PERIODS, NOW + timedelta(days=1))
        assert not (await jobs.last_run(PERIODS)).manual

    async def test_its_pace_is_changed_and_it_may_run_once_a_day(self, record, jobs):
        shown = await status(record.store, jobs, PERIODS, NOW, "UTC")
        assert (shown.body.every_minutes, shown.next_start) == (5, NOW)
        await plan(record, jobs, only=(PERIODS,))
        await run_through(jobs, PERIODS)
        assert (await status(record.store, jobs, PERIODS, NOW, "UTC")).next_start == NOW + timedelta(minutes=5)
        await patch_job(record.desk, origin(), PERIODS, {"every_minutes": 60})
        shown = await status(record.store, jobs, PERIODS, NOW, "UTC")
        assert shown.next_start == NOW.replace(hour=10, minute=0)
        await patch_job(record.desk, origin(), PERIODS, {"every_minutes": None})
        shown = await status(record.store, jobs, PERIODS, NOW, "UTC")
        assert shown.next_start.isoformat() == "2026-03-03T02:00:00+00:00"
        with pytest.raises(Rejected, match="day by day"):
            await patch_job(record.desk, origin(), SYNC, {"every_minutes": 5})


class TestByHand:
    async def test_starting_twice_is_one_run(self, jobs):
        runs = await asyncio.gather(*(start_by_hand(jobs, SYNC, NOW, "UTC") for _ in range(8)))
        assert len({run.id for run in runs}) == 1
        await run_through(jobs, SYNC)
        assert (await start_by_hand(jobs, SYNC, NOW, "UTC")).id != runs[0].id

    async def test_it_is_not_the_days_run(self, record, jobs):
        await start_by_hand(jobs, SYNC, NOW, "UTC")
        await run_through(jobs, SYNC)
        assert await plan(record, jobs) == [(SYNC, DAY)]

    async def test_no_such_job(self, record, jobs):
        for asked in (
            start_by_hand(jobs, "x", NOW, "UTC"),
            status(record.store, jobs, "x", NOW, "UTC"),
            patch_job(record.desk, origin(), "x", {}),
        ):
            with pytest.raises(Rejected, match="not-found"):
                await asked


class TestShown:
    async def test_last_start_end_result_and_next_start(self, record, jobs):
        shown = await status(record.store, jobs, SYNC, NOW, "UTC")
        assert (shown.last, shown.next_start, shown.version) == (None, NOW, 0)
        await plan(record, jobs)
        await run_through(jobs, SYNC, result="3 imported")
        sync, summary, *_ = await all_statuses(record.store, jobs, NOW, "UTC")
        assert (sync.last.started_at, sync.last.ended_at, sync.last.result) == (NOW, NOW, "3 imported")
        assert sync.next_start.isoformat() == "2026-03-03T02:00:00+00:00"
        assert (summary.job, summary.last) == (SUMMARY, None)

    async def test_a_time_of_day_is_changed_once(self, record, jobs):
        done = await patch_job(record.desk, origin(), SYNC, {"time": "04:30"})
        assert (done.outcome.version, done.outcome.result) == (1, "created")
        assert (await patch_job(record.desk, origin(), SYNC, {"time": "04:30:00"})).position == 0
        shown = await status(record.store, jobs, SYNC, NOW - timedelta(hours=8), "UTC")
        assert shown.next_start.isoformat() == "2026-03-02T04:30:00+00:00"
        assert (await patch_job(record.desk, origin(), SUMMARY, {"active": True})).outcome.result == "unchanged"
        assert (await job_bodies(record.store))[SYNC][0].time.isoformat() == "04:30:00"
        with pytest.raises(Rejected, match="invalid-body"):
            await patch_job(record.desk, origin(), SYNC, {"time": "25:00"})
