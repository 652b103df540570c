"""Imports under way on a real PostgreSQL: one operation at each, losses counted by attempt."""

import asyncio
import datetime as dt
from decimal import Decimal
from uuid import uuid4

import pytest
from psycopg_pool import AsyncConnectionPool

from adapters.event_store import Codec, PostgresEventStore
from adapters.imports import ROW_WRITERS, StoredImports
from adapters.imports.row_writers import hold_import
from adapters.operations import ROW_WRITERS as OPERATION_WRITERS
from adapters.operations import StoredOperations
from adapters.operations.row_writers import put_progress
from commands.operations.request import request_operation
from commands.ports.event_store import Save
from commands.ports.imports import EndImport, HoldImport, ImportRun, KeepMapping, ProviderList
from commands.ports.operations import Hold, OperationLost, PutProgress
from commands.ports.provider_files import OfferedFile, OfferedInvoice
from tests.support.origins import NOW, origin
from tests.support.waiting import eventually_async

INVOICE = uuid4()


@pytest.fixture
async def pool(database):
    async with AsyncConnectionPool(database, kwargs={"autocommit": True}, min_size=1, max_size=8, open=False) as opened:
        yield opened


@pytest.fixture
async def store(database):
    writers = {**ROW_WRITERS, **OPERATION_WRITERS}
    async with await PostgresEventStore.open(database, Codec(), row_writers=writers) as opened:
        yield opened


@pytest.fixture
def imports(pool):
    return StoredImports(pool)


def hold(token=1):
    return Hold(uuid4(), token)


async def begin(imports, at, lease=15.0):
    return await imports.begin(INVOICE, "ACME", "F-1", at, lease, NOW)


async def write(store, *rows):
    await store.append(Save(origin(), (), rows=rows))


async def test_one_operation_at_a_time(imports):
    mine, other = hold(), hold()
    assert await begin(imports, mine) == ImportRun(INVOICE, 0, 0)
    assert await begin(imports, other) is None
    assert await begin(imports, mine) == ImportRun(INVOICE, 0, 0)


async def test_of_many_who_begin_at_once_one_does(imports):
    begun = await asyncio.gather(*(begin(imports, hold()) for _ in range(16)))
    assert sum(run is not None for run in begun) == 1


async def test_losses_count_for_one_attempt(imports, store):
    lost, second, third = (Hold(uuid4(), 1) for _ in range(3))
    await begin(imports, lost, lease=0.0)
    await write(store, HoldImport(INVOICE, 1, lost, NOW))
    assert (await begin(imports, second, lease=0.0)).losses == 1
    again = Hold(second.operation, 2)
    assert (await begin(imports, again, lease=0.0)).losses == 2
    await write(store, HoldImport(INVOICE, 2, again, NOW))
    assert await begin(imports, third) == ImportRun(INVOICE, 2, 1)


async def test_what_is_left_is_no_loss_unless_it_is_said_to_be_one(imports, store):
    for lost in (False, True):
        mine = hold()
        await begin(imports, mine)
        await write(store, HoldImport(INVOICE, 1, mine, NOW))
        await imports.leave(INVOICE, mine, lost=lost)
        other = hold()
        assert (await begin(imports, other)).losses == int(lost)
        await imports.leave(INVOICE, other)


async def test_who_lost_an_import_can_store_nothing_for_it(imports, store):
    lost = hold()
    await begin(imports, lost, lease=0.0)
    await begin(imports, hold())
    with pytest.raises(OperationLost):
        await write(store, HoldImport(INVOICE, 1, lost, NOW))


async def test_what_ended_is_forgotten_and_what_moves_is_not_idle(imports, store):
    mine = hold()
    await begin(imports, mine)
    later = NOW + dt.timedelta(hours=1)
    assert [run.provider_invoice for run in await imports.idle_since(later)] == [INVOICE]
    await write(store, HoldImport(INVOICE, 1, mine, later))
    assert await imports.idle_since(later) == []
    await write(store, EndImport(INVOICE))
    assert await imports.idle_since(later + dt.timedelta(days=1)) == []


async def test_how_a_file_is_read_is_kept_once(imports, store):
    mapping = {"name": "own", "columns": {"amount": "Betrag"}}
    await write(store, KeepMapping("sha256:aa", mapping, {"Issuer": ("A", "B")}))
    await write(store, KeepMapping("sha256:aa", "another", {}))
    assert await imports.mapping("sha256:aa") == (mapping, {"Issuer": ("A", "B")})
    assert await imports.mapping("focus-1.2") is None


async def test_what_a_provider_listed_stays_while_it_cannot_be_asked(imports):
    day = dt.date(2026, 3, 1)
    files = (OfferedFile("a.csv", "usage", {"name": "own"}, {"Issuer": ("A",)}),)
    offered = OfferedInvoice("F-1", day, day, day, "EUR", Decimal("12.50"), "2", files, tax_included=False)
    assert await imports.last_list("ACME") is None
    await imports.put_list("ACME", ProviderList(NOW, [offered], None))
    assert await imports.last_list("ACME") == ProviderList(NOW, [offered], None)
    later = NOW + dt.timedelta(days=1)
    await imports.put_list("ACME", ProviderList(later, None, "It is away."))
    assert await imports.last_list("ACME") == ProviderList(later, [offered], "It is away.")


async def test_a_lease_is_renewed_beside_a_chunk_that_is_being_stored(imports, pool, store):
    """A save locks the import, then the operation; whoever renews must not hold the one while it waits for the other."""
    operations = StoredOperations(pool)
    await request_operation(store, operations, origin(), kind="k", key="k", input={}, unit="lines")
    claimed = await operations.claim("worker", ["k"], 15.0, NOW)
    await begin(imports, claimed.hold)

    async def waits():
        async with pool.connection() as connection:
            sql = (
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            return (await (await connection.execute(sql)).fetchone())[0] == 1

    async with pool.connection() as connection, connection.transaction():
        await hold_import(connection, HoldImport(INVOICE, 1, claimed.hold, NOW), None)
        renewing = asyncio.create_task(operations.renew(claimed.hold, 15.0))
        await eventually_async(waits)
        await connection.execute("SET LOCAL lock_timeout = '200ms'")
        await put_progress(connection, PutProgress(claimed.hold, 10))
    assert await renewing is False
    assert (await operations.get(claimed.operation.id)).done == 10
