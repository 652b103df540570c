"""The bookkeeping of runs: each contract due has one outcome, whatever happens to the worker; days in order."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from commands.invoice_run.desk import day_report
from commands.invoice_run.request import OnRequest, request_contracts, request_day
from commands.operations.cancel import cancel_operation
from commands.operations.work import GiveBack
from commands.ports.event_store import StoreUnavailable
from commands.ports.operations import OperationLost
from domain.identity import Stream
from domain.rejected import Rejected
from tests.support.origins import NOW, origin
from tests.support.running import open_office, together
from tests.support.yard import Signals

DAY = NOW.date()
EARLIER = DAY - timedelta(days=3)


@pytest.fixture
async def office(database, monkeypatch):
    monkeypatch.setattr("commands.jobs.bodies.JOBS", ("invoice-run",))
    async with open_office(database) as opened:
        yield opened


async def asked(office, day=DAY, **more):
    return (await request_day(office.desk, origin(office.now), day, **more)).outcome


async def report(office, day=DAY):
    return await office.desk.runs.report(day_report(day))


async def outcomes(office, day=DAY, outcome=None):
    found = await office.desk.runs.outcomes(day_report(day), outcome, after=None, limit=1000)
    return {one.number: one.outcome for one in found}


async def types(office, operation):
    history = await office.desk.store.load(Stream("invoice-run", operation.id))
    return [fact.type for fact in history.facts]


async def test_every_contract_that_is_due_has_one_outcome_and_the_counts_add_up(office):
    for number in range(5):
        await office.due(f"K-{number}", DAY)
    late = await office.due("K-9", DAY + timedelta(days=1))
    office.biller.fails[await office.due("K-7", EARLIER)] = "no-price"
    await asked(office)
    ended = await office.work()
    assert (ended.status, ended.done, ended.total) == ("done", 6, 6)
    assert ended.message == "5 invoiced, 0 nothing to bill, 0 skipped, 1 failed."
    kept = await report(office)
    assert kept.counts == {"invoiced": 5, "nothing_to_bill": 0, "skipped": 0, "failed": 1}
    assert (kept.status, kept.invoices, kept.operation) == ("done", 5, ended.id)
    [failed] = await office.desk.runs.outcomes(kept.id, "failed", after=None, limit=10)
    assert (failed.code, failed.next_try) == ("no-price", DAY + timedelta(days=1))
    assert str(late) not in await office.items(ended)
    assert await types(office, ended) == ["invoice-run.started", "invoice-run.ended"]


async def test_the_same_day_is_one_operation_and_again_does_nothing(office):
    await office.due("K-1", DAY)
    first, second = await together(asked(office), asked(office))
    assert first.id == second.id
    await office.work()
    again = await asked(office)
    assert again.id != first.id
    ended = await office.work()
    assert ended.message == "0 invoiced, 0 nothing to bill, 0 skipped, 0 failed."
    kept = await report(office)
    assert (kept.counts["invoiced"], kept.invoices) == (1, 1)


async def test_what_failed_is_tried_again_and_reads_invoiced_then(office):
    one = await office.due("K-1", DAY)
    office.biller.fails[one] = "no-price"
    await asked(office)
    await office.work()
    assert await outcomes(office) == {"K-1": "failed"}
    office.biller.fails.clear()
    await asked(office)
    await office.work()
    assert await outcomes(office) == {"K-1": "invoiced"}
    assert (await report(office)).counts["failed"] == 0


async def test_one_that_raises_stops_no_other(office):
    for number in range(6):
        await office.due(f"K-{number}", DAY)
    office.biller.raises[await office.due("K-9", DAY)] = ValueError("odd")
    await asked(office)
    await office.work()
    counts = (await report(office)).counts
    assert (counts["invoiced"], counts["failed"]) == (6, 1)
    assert [str(error) for error in office.unforeseen] == ["odd"]


async def test_a_database_that_is_away_is_nobodys_failure(office):
    one = await office.due("K-1", DAY)
    office.biller.raises[one] = StoreUnavailable("away")
    await asked(office)
    with pytest.raises(StoreUnavailable):
        await office.work(lease=0.0)
    office.biller.raises.clear()
    ended = await office.work()
    assert ended.message.startswith("1 invoiced")


async def test_a_worker_that_lost_the_run_fails_no_contract(office):
    one = await office.due("K-1", DAY)
    operation = await asked(office)
    office.biller.raises[one] = OperationLost(operation.id)
    with pytest.raises(OperationLost):
        await office.work(lease=0.0)
    assert office.unforeseen == []
    assert not await office.desk.operations.items(operation.id)


async def test_a_worker_that_stops_gives_back_and_another_goes_on(office):
    for number in range(3):
        await office.due(f"K-{number}", DAY)
    operation = await asked(office)
    office.signals.draining = True
    with pytest.raises(GiveBack):
        await office.work(lease=0.0)
    office.signals = Signals()
    await office.due("K-8", DAY)
    ended = await office.work()
    assert (ended.id, ended.done, ended.total) == (operation.id, 4, 4)
    assert len(office.biller.billed) == len(set(office.biller.billed)) == 4
    assert await types(office, ended) == ["invoice-run.started", "invoice-run.ended"]


async def test_cancelled_it_stops_and_a_later_run_goes_on(office):
    await office.due("K-1", DAY)
    operation = await asked(office)
    await cancel_operation(office.desk.operations, operation.id, office.now)
    assert await office.work() is None
    assert await report(office) is None
    operation = await asked(office)
    office.signals.cancelled = True
    ended = await office.work()
    assert (ended.status, (await report(office)).status) == ("cancelled", "cancelled")
    office.signals = Signals()
    await asked(office)
    await office.work()
    kept = await report(office)
    assert (kept.status, kept.counts["invoiced"]) == ("done", 1)


async def test_a_day_that_has_not_come_is_refused(office):
    with pytest.raises(Rejected, match="date-in-future"):
        await asked(office, DAY + timedelta(days=1))
    assert await office.work() is None


async def test_contracts_wait_for_the_day_in_their_zone(office):
    office.now = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
    day = date(2026, 3, 2)
    await office.due("HOME", day)
    await office.due("EAST", day, "Pacific/Auckland")
    await office.due("WEST", day, "America/Los_Angeles")
    await asked(office, day)
    ended = await office.work()
    assert ended.message == "2 invoiced, 0 nothing to bill, 0 skipped, 0 failed. 1 wait for the day in their zone."
    assert (await report(office, day)).waiting == 1
    office.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # 01:00 in Los Angeles: begun, but before the job's hour
    await asked(office, day, by_hand=False)
    assert (await office.work()).message.startswith("0 invoiced")
    await asked(office, day)
    assert (await office.work()).message.startswith("1 invoiced")
    assert await outcomes(office, day) == dict.fromkeys(("HOME", "EAST", "WEST"), "invoiced")


async def test_an_operation_may_name_a_day_that_has_only_begun_elsewhere(office):
    office.now = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
    with pytest.raises(Rejected, match="date-in-future"):
        await asked(office, date(2026, 3, 2))
    await office.due("EAST", date(2026, 3, 2), "Pacific/Auckland")
    await asked(office, date(2026, 3, 2))
    assert (await office.work()).message.startswith("1 invoiced")


class TestOnRequest:
    async def test_what_cannot_be_asked_for(self, office):
        wanted = OnRequest(EARLIER, DAY, ["K-1"])
        for bad, code in (
            (replace(wanted, last=DAY + timedelta(days=1)), "date-in-future"),
            (replace(wanted, first=DAY, last=EARLIER), "from-after-to"),
            (replace(wanted, contracts=["K-1", "K-2", "K-1"]), "contract-twice"),
        ):
            with pytest.raises(Rejected, match=code):
                await request_contracts(office.desk, origin(), bad)
        assert await office.work() is None

    async def test_unknown_contracts_are_told_of(self, office):
        named = str(uuid4())
        operation = (await request_contracts(office.desk, origin(), OnRequest(EARLIER, DAY, ["K-1", named]))).outcome
        ended = await office.work()
        assert (ended.id, ended.done, ended.total) == (operation.id, 2, 2)
        kept = await office.desk.runs.report(operation.id)
        assert (kept.counts["failed"], kept.asked, kept.day_from, kept.cause) == (2, 2, EARLIER, "request")
        found = await office.desk.runs.outcomes(operation.id, None, after=None, limit=5)
        assert {one.code for one in found} == {"billing-contract-missing"}


async def test_pages_of_reports_and_outcomes(office):
    for number in range(5):
        await office.due(f"K-{number}", EARLIER)
    for back in (3, 2, 1, 0):
        await asked(office, DAY - timedelta(days=back))
        await office.work()
    runs = office.desk.runs
    first = await runs.reports(before=None, limit=2)
    last = first[-1]
    rest = await runs.reports(before=(last.day, last.started_at, last.id), limit=9)
    assert [one.day for one in (*first, *rest)] == [DAY - timedelta(days=n) for n in range(4)]
    assert await runs.count_reports() == 4
    page = await runs.outcomes(day_report(EARLIER), "invoiced", after=None, limit=3)
    more = await runs.outcomes(day_report(EARLIER), "invoiced", after=(page[-1].number, page[-1].contract), limit=3)
    assert [one.number for one in (*page, *more)] == [f"K-{n}" for n in range(5)]
