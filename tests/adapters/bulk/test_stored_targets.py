"""What bulk operations are about: kept with the operation, in order, with what is asked of each; gone with it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from psycopg_pool import AsyncConnectionPool

from adapters.bulk import ROW_WRITERS as BULK_WRITERS
from adapters.bulk import StoredTargets
from adapters.event_store import Codec, PostgresEventStore
from adapters.operations import ROW_WRITERS as OPERATION_WRITERS
from adapters.operations import StoredOperations
from commands.operations.request import new_operation
from commands.ports.bulk_targets import BulkTarget, PutTargets
from commands.ports.event_store import Save
from commands.ports.operations import Item, NewOperation, PutItem
from tests.support.origins import NOW, origin

IDS = [uuid4() for _ in range(4)]


@pytest.fixture
async def pool(database):
    async with AsyncConnectionPool(database, kwargs={"autocommit": True}, min_size=1, max_size=4, open=False) as opened:
        yield opened


async def put(database, *asked):
    """An operation about these four, and one of them twice."""
    new = new_operation(origin(), kind="bulk", key="1", input={})
    rows = (NewOperation(new), PutTargets(new.id, [*IDS, IDS[0]], asked))
    writers = {**OPERATION_WRITERS, **BULK_WRITERS}
    async with await PostgresEventStore.open(database, Codec(), row_writers=writers) as store:
        await store.append(Save(origin(), (), rows=rows))
    return new.id


async def test_they_are_read_in_order_with_what_is_asked_of_each(database, pool):
    asked = ({"cycle": "2026-01-01"}, None, {"contract": "K-\u00fc"}, None, None)
    operation, targets = await put(database, *asked), StoredTargets(pool)
    assert await targets.count(operation) == 4
    page = await targets.page(operation, after=0, limit=3)
    assert page == [BulkTarget(n + 1, IDS[n], asked[n]) for n in range(3)]
    assert [one.target for one in await targets.page(operation, after=3, limit=3)] == [IDS[3]]


async def test_without_anything_asked_of_each(database, pool):
    operation, targets = await put(database), StoredTargets(pool)
    assert [one.asked for one in await targets.page(operation, after=0, limit=9)] == [None] * 4


async def test_those_with_a_result_are_left_out_and_all_go_with_the_operation(database, pool):
    operation, targets, operations = await put(database), StoredTargets(pool), StoredOperations(pool)
    claimed = await operations.claim("tester", ["bulk"], 15, NOW)
    await operations.put_item(PutItem(claimed.hold, Item(str(IDS[1]), "done"), NOW))
    left = [IDS[0], IDS[2], IDS[3]]
    assert [one.target for one in await targets.page(operation, after=0, limit=9)] == left
    assert await targets.remaining(operation, 2) == left[:2]
    assert await targets.without_result(operation, IDS[:3]) == {IDS[0], IDS[2]}
    await operations.end(claimed.hold, "done", None, NOW - timedelta(days=91))
    assert await operations.purge(NOW - timedelta(days=90)) == 1
    assert await targets.count(operation) == 0
