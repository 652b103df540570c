"""Imports that are cancelled, given back, lost or stuck; and taken up where they stopped."""

from contextlib import suppress
from datetime import timedelta

import pytest

from commands.operations.cancel import cancel_operation
from commands.operations.work import GiveBack
from commands.ports.operations import OperationLost
from commands.ports.provider_files import Limits
from commands.provider_invoice.adjust import adjust
from commands.provider_invoice.cancel import cancel
from commands.sync.stuck import fail_stuck
from domain.identity import provider_invoice_stream
from domain.rejected import Rejected
from tests.support.origins import origin
from tests.support.provider_invoices import NUMBER, PROVIDER
from tests.support.yard import Signals, outcomes

INVOICE = provider_invoice_stream(PROVIDER, NUMBER).id
LINES = [str(n) for n in range(1, 26)]


@pytest.fixture
def small_chunks(yard, monkeypatch):
    """Chunks of 10 lines; gives a function that makes something happen once so many are stored."""
    reader = yard.shop.desk.reader
    read = reader.read

    def reading(file, **more):
        return read(file, limits=Limits(rows_per_chunk=10), **more)

    monkeypatch.setattr(reader, "read", reading)
    monkeypatch.setattr("commands.sync.pump.AT_ONCE", 1)
    store = yard.shop.desk.store
    append = store.append

    def after_chunks(count, happens):
        seen = 0

        async def appending(save):
            nonlocal seen
            done = await append(save)
            seen += sum(f.type == "provider-invoice.lines-populated" for w in save.writes for f in w.facts)
            if seen >= count:
                await happens()
            return done

        monkeypatch.setattr(store, "append", appending)

    return after_chunks


async def expect_every_line_once(yard, chunks=3):
    assert [n for n, _ in await yard.lines()] == list(range(1, 26))
    state = await yard.state()
    assert state.status == "active"
    assert state.parts[f"{NUMBER}.csv"].chunks == chunks


async def test_a_worker_that_drains_gives_the_import_back_after_its_chunk(yard, small_chunks):
    yard.offer(LINES)
    operation = await yard.ask()
    signals = Signals()

    async def drain():
        signals.draining = True

    small_chunks(1, drain)
    with pytest.raises(GiveBack):
        await yard.work(signals, lease=0.0)
    assert (await yard.state()).parts[f"{NUMBER}.csv"].chunks == 1
    again = await yard.work()
    assert again.id == operation.id
    await expect_every_line_once(yard)
    assert again.done == 25


class Killed(BaseException):
    """As if the process ended: nothing catches it, and nothing is given back."""


@pytest.fixture
def killed(yard, monkeypatch):
    async def left_as_it_was(*_, **__):
        pass

    async def kill():
        monkeypatch.setattr(yard.desk.imports, "leave", left_as_it_was)
        raise Killed

    return kill


async def test_an_import_whose_worker_is_lost_goes_on_at_the_next_chunk(yard, small_chunks, killed):
    yard.offer(LINES)
    await yard.ask()

    for chunks in (1, 2):
        small_chunks(1, killed)
        with suppress(Killed):
            await yard.work(lease=0.0)
        assert (await yard.state()).parts[f"{NUMBER}.csv"].chunks == chunks
    small_chunks(99, killed)
    await yard.work()
    await expect_every_line_once(yard)


async def test_a_cancelled_operation_ends_its_import(yard, small_chunks):
    yard.offer(LINES)
    operation = await yard.ask()
    signals = Signals()

    async def cancelled():
        signals.cancelled = True

    small_chunks(1, cancelled)
    ended = await yard.work(signals)
    assert ended.status == "cancelled"
    state = await yard.state()
    assert (state.status, state.import_code) == ("error", "cancelled")
    assert outcomes(await yard.desk.operations.items(operation.id)) == [(NUMBER, "failed")]
    assert outcomes(await yard.sync()) == [(NUMBER, "imported")]
    assert (await yard.state()).attempt == 2


async def test_an_operation_that_waits_is_cancelled_at_once(yard):
    yard.offer()
    operation = await yard.ask()
    cancelled = await cancel_operation(yard.desk.operations, operation.id, yard.now)
    assert (cancelled.status, cancelled.ended_at) == ("cancelled", yard.now)
    assert await yard.work() is None
    assert (await cancel_operation(yard.desk.operations, operation.id, yard.now)).status == "cancelled"


async def test_an_operation_that_ended_is_not_cancelled(yard):
    yard.offer()
    operation = await yard.ask()
    await yard.work()
    with pytest.raises(Rejected) as refused:
        await cancel_operation(yard.desk.operations, operation.id, yard.now)
    assert refused.value.code == "operation-ended"


async def test_an_import_cancelled_by_a_person_stops_at_its_next_chunk(yard, small_chunks):
    yard.offer(LINES)

    done = []

    async def cancelled():
        if not done:
            done.append(True)
            await cancel(yard.shop.desk, origin(), INVOICE, reason="wrong file")

    small_chunks(1, cancelled)
    [item] = await yard.sync()
    assert item.outcome == "failed"
    assert "was cancelled by alice: wrong file" in item.detail
    assert await yard.types() == ["population-started", "lines-populated", "import-failed"]


async def test_a_worker_that_lost_its_operation_can_store_nothing(yard, small_chunks):
    yard.offer(LINES)
    await yard.ask()

    async def taken():
        small_chunks(99, taken)
        await yard.work()

    small_chunks(1, taken)
    with pytest.raises(OperationLost):
        await yard.work(lease=0.0)
    await expect_every_line_once(yard)


async def test_three_lost_workers_end_an_attempt(yard, small_chunks, killed):
    yard.offer(LINES)
    await yard.ask()

    for _ in range(3):
        small_chunks(1, killed)
        with suppress(Killed):
            await yard.work(lease=0.0)
    small_chunks(99, killed)
    await yard.work()
    state = await yard.state()
    assert (state.status, state.import_code) == ("error", "worker-lost")
    assert outcomes(await yard.sync()) == [(NUMBER, "imported")]
    assert (await yard.state()).attempt == 2


async def test_no_progress_for_an_hour_is_stuck(yard, small_chunks, killed):
    yard.offer(LINES)
    await yard.ask()

    small_chunks(1, killed)
    with suppress(Killed):
        await yard.work()
    small_chunks(99, killed)
    later = yard.now + timedelta(hours=1)
    assert await fail_stuck(yard.desk, lambda: origin(later)) == 0
    assert await fail_stuck(yard.desk, lambda: origin(later + timedelta(seconds=1))) == 1
    state = await yard.state()
    assert (state.status, state.import_code) == ("error", "stuck")
    assert "no progress for an hour, after 10 lines" in state.messages[0]
    assert await fail_stuck(yard.desk, lambda: origin(later + timedelta(hours=2))) == 0


async def test_a_manual_invoice_that_waits_is_not_stuck(yard):
    invoice = await yard.shop.create(number="F-7")
    assert await fail_stuck(yard.desk, lambda: origin(yard.now + timedelta(days=30))) == 0
    assert await yard.shop.types(invoice) == ["population-started"]


async def test_what_was_read_otherwise_before_is_not_mixed(yard, small_chunks, killed, monkeypatch):
    yard.offer(LINES)
    await yard.ask()

    small_chunks(1, killed)
    with suppress(Killed):
        await yard.work(lease=0.0)
    small_chunks(99, killed)
    monkeypatch.setattr("commands.sync.fill.chained", lambda *_: "another digest")
    await yard.work()
    assert (await yard.state()).import_code == "read-otherwise"
    monkeypatch.undo()
    assert outcomes(await yard.sync()) == [(NUMBER, "imported")]
    assert (await yard.state()).attempt == 2


async def test_an_attempt_that_nobody_fills_is_stuck_too(yard):
    yard.offer(["60", "40"])
    await yard.daily()
    yard.offer(["60", "52"], revision="2")
    await yard.daily()
    adjusted = await adjust(yard.desk, origin(), INVOICE)
    await cancel_operation(yard.desk.operations, adjusted.outcome.operation, yard.now)
    assert (await yard.state(f"{NUMBER}~r2")).status == "populating"
    later = yard.now + timedelta(hours=1, seconds=1)
    assert await fail_stuck(yard.desk, lambda: origin(later)) == 1
    assert (await yard.state(f"{NUMBER}~r2")).import_code == "stuck"
