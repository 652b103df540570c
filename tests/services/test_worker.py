"""The worker: several at once, killed hard, drained, cut off from its database."""

import asyncio
import sys
from contextlib import asynccontextmanager

import httpx
import psycopg
import pytest

from commands.operations.work import Ended, GiveBack
from commands.ports.event_store import StoreUnavailable
from commands.provider_invoice.verify_lines import digest_check
from commands.sync.request import PROVIDER_SYNC, request_daily_sync
from commands.sync.run import SyncHandler
from services.working import OperationRunner
from tests.support.origins import NOW, origin
from tests.support.ports import free_port
from tests.support.provider_invoices import NUMBER
from tests.support.waiting import eventually_async
from tests.support.yard import DAY, open_yard, outcomes

LINES = [str(n) for n in range(1, 56)]


@pytest.fixture
async def yard(database, tmp_path):
    async with open_yard(database, tmp_path) as opened:
        yield opened


def runner(yard, handler=None, name="one", **more):
    handler = handler or SyncHandler(yard.desk, yard.unforeseen.append)
    return OperationRunner(yard.desk.operations, {PROVIDER_SYNC: handler}, lambda: NOW, "UTC", name, **more)


@asynccontextmanager
async def running(*runners):
    stop = asyncio.Event()
    tasks = [asyncio.create_task(one.run(stop)) for one in runners]
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def ended(yard, operation, within=120.0):
    async def look():
        found = await yard.desk.operations.get(operation.id)
        return found if not found.open else None

    return await eventually_async(look, within=within)


async def test_operations_are_spread_over_workers_and_each_is_done_once(yard):
    for n in range(6):
        yard.offer(["1", "2"], f"F-{n}")
    asked = [await yard.ask(f"F-{n}") for n in range(6)]
    async with running(runner(yard), runner(yard, name="two")):
        done = [await ended(yard, operation) for operation in asked]
    assert [(o.status, o.tries, o.done) for o in done] == [("done", 1, 2)] * 6
    assert len(await yard.lines()) == 12


async def test_what_raises_is_tried_again_and_given_up_in_the_end(yard, monkeypatch):
    monkeypatch.setattr("services.working.MAX_TRIES", 2)
    monkeypatch.setattr(yard.desk.operations, "give_back", lambda hold, **_: give_back(hold))
    give_back = type(yard.desk.operations).give_back.__get__(yard.desk.operations)

    async def broken(_):
        raise ZeroDivisionError

    operation = await yard.ask()
    async with running(runner(yard, broken)):
        found = await ended(yard, operation)
    assert (found.status, found.tries) == ("failed", 2)
    assert "ZeroDivisionError" in found.message


async def test_what_will_pass_is_put_off_however_often(yard, monkeypatch):
    give_back = type(yard.desk.operations).give_back.__get__(yard.desk.operations)
    monkeypatch.setattr(yard.desk.operations, "give_back", lambda hold, **_: give_back(hold))
    tries = []

    async def away(work):
        tries.append(work.hold.token)
        if len(tries) < 8:
            raise StoreUnavailable("The database is away.")
        return Ended("done", "At last.")

    operation = await yard.ask()
    async with running(runner(yard, away)):
        found = await ended(yard, operation)
    assert (found.status, found.message, len(set(tries))) == ("done", "At last.", 8)


async def test_a_worker_that_stops_gives_back_what_is_not_done(yard):
    begun = asyncio.Event()

    async def long(work):
        begun.set()
        await eventually_async(lambda: asyncio.sleep(0, work.signals.draining))
        raise GiveBack("The worker stopped.")

    operation = await yard.ask()
    async with running(runner(yard, long)):
        await begun.wait()
    found = await yard.desk.operations.get(operation.id)
    assert (found.status, found.losses) == ("queued", 0)


async def test_a_request_to_cancel_reaches_the_worker(yard):
    async def long(work):
        await eventually_async(lambda: asyncio.sleep(0, work.signals.cancelled))
        return Ended("cancelled", "It was cancelled.")

    operation = await yard.ask()
    async with running(runner(yard, long, lease_seconds=0.3)):
        await eventually_async(lambda: status(yard, operation, "running"))
        await yard.desk.operations.request_cancel(operation.id, NOW)
        assert (await ended(yard, operation)).status == "cancelled"


async def status(yard, operation, wanted):
    return (await yard.desk.operations.get(operation.id)).status == wanted


async def test_an_import_outlives_the_loss_of_all_connections(yard, database, monkeypatch):
    yard.offer(LINES)
    store = yard.shop.desk.store
    append, cut = store.append, []

    async def appending(save):
        done = await append(save)
        if not cut and any(f.type == "provider-invoice.population-started" for w in save.writes for f in w.facts):
            cut.append(True)
            with psycopg.connect(database, autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
        return done

    monkeypatch.setattr(store, "append", appending)
    operation = await yard.ask()
    async with running(runner(yard)):
        found = await ended(yard, operation)
    assert (cut, found.status) == ([True], "done")
    assert [n for n, _ in await yard.lines()] == list(range(1, 56))
    assert (await yard.state()).status == "active"


def environment(yard, database):
    return {
        "LEDGERLINE_DATABASE_URL": database,
        "LEDGERLINE_FILES": str(yard.folder.parent / "raw"),
        "LEDGERLINE_KEYS": str(yard.folder.parent / "keys"),
        "LEDGERLINE_IMPORT_ROOTS": str(yard.folder),
    }


async def killed_in_mid_import(processes, yard, database, chunks, name):
    """Start a worker, and kill it hard once so many chunks are stored."""
    env = environment(yard, database)
    worker = processes.start(name, [sys.executable, "-m", "tests.services.worker_process", str(chunks)], **env)
    await asyncio.to_thread(worker.wait_for_output, "stands still")
    worker.kill()


async def finished_by_another(processes, yard, database, operation, name="last"):
    env = environment(yard, database)
    worker = processes.start(name, [sys.executable, "-m", "tests.services.worker_process", "0"], **env)
    found = await ended(yard, operation)
    worker.kill()
    return found


async def expect_every_line_once(yard):
    state = await yard.state()
    population = state.parts[f"{NUMBER}.csv"].population
    async with yard.shop.pool.connection() as connection:
        sql = "SELECT number FROM provider_line WHERE population = %s ORDER BY number"
        numbers = [row[0] for row in await (await connection.execute(sql, (population,))).fetchall()]
    assert numbers == list(range(1, 56))
    checked = [one async for one in digest_check(yard.shop.desk)]
    assert len(checked) >= 6
    assert all(one.found == one.chunk.digest for one in checked)


async def test_killed_twice_in_mid_import_every_line_is_there_once(processes, yard, database):
    yard.offer(LINES)
    operation = await yard.ask()
    for chunks, name in ((2, "first"), (1, "second")):
        await killed_in_mid_import(processes, yard, database, chunks, name)
        assert (await yard.state()).status == "populating"
    found = await finished_by_another(processes, yard, database, operation)
    assert (found.status, found.tries, found.done) == ("done", 3, 55)
    assert outcomes(await yard.desk.operations.items(operation.id)) == [(NUMBER, "imported")]
    await expect_every_line_once(yard)


async def test_killed_three_times_the_attempt_is_lost_and_the_next_one_is_whole(processes, yard, database):
    yard.offer(LINES)
    operation = await yard.ask()
    for name in ("first", "second", "third"):
        await killed_in_mid_import(processes, yard, database, 1, name)
    await finished_by_another(processes, yard, database, operation, "fourth")
    assert (await yard.state()).import_code == "worker-lost"
    again = await request_daily_sync(yard.desk, origin(), DAY)
    await finished_by_another(processes, yard, database, again)
    state = await yard.state()
    assert (state.status, state.attempt) == ("active", 2)
    await expect_every_line_once(yard)


async def test_the_process_is_ready_and_drains(processes, yard, database):
    port = free_port()
    env = {**environment(yard, database), "LEDGERLINE_OPERATIONS_PORT": str(port)}
    worker = processes.ledgerline("worker", **env)
    await asyncio.to_thread(worker.wait_for_url, f"http://127.0.0.1:{port}/readyz")
    yard.offer(LINES)
    assert (await ended(yard, await yard.ask())).status == "done"
    metrics = (await asyncio.to_thread(httpx.get, f"http://127.0.0.1:{port}/metrics")).text
    assert 'ledgerline_operations_ended{status="done"} 1.0' in metrics
    assert await asyncio.to_thread(worker.stop) == 0
