"""Operations on a real PostgreSQL: asked for once, taken by one, fenced."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from psycopg_pool import AsyncConnectionPool

from adapters.event_store import Codec, PostgresEventStore
from adapters.operations import ROW_WRITERS, ReactionPositions, StoredOperations
from commands.operations.request import request_operation
from commands.ports.event_store import Answer, IdempotencyKey, Save
from commands.ports.operations import Item, OperationFilter, OperationLost, PutItem, PutProgress
from tests.support.origins import NOW, origin

KIND = "a-kind"


@pytest.fixture
async def pool(database):
    async with AsyncConnectionPool(database, kwargs={"autocommit": True}, min_size=1, max_size=8, open=False) as opened:
        yield opened


@pytest.fixture
async def store(database):
    async with await PostgresEventStore.open(database, Codec(), row_writers=ROW_WRITERS) as opened:
        yield opened


@pytest.fixture
def operations(pool):
    return StoredOperations(pool)


@pytest.fixture
def ask(store, operations):
    async def asked(key="k", kind=KIND, **more):
        asks = {"kind": kind, "key": key, "input": {"n": 1}, **more}
        return (await request_operation(store, operations, origin(), **asks)).outcome

    return asked


async def claim(operations, lease=15.0):
    return await operations.claim("worker", [KIND], lease, NOW)


async def test_what_is_asked_for_is_there(operations, ask):
    operation = await ask()
    found = await operations.get(operation.id)
    assert found == operation
    assert (found.status, found.input, found.actor, found.created_at) == ("queued", {"n": 1}, "alice", NOW)
    assert await operations.open_with(KIND, "k") == operation


async def test_many_who_ask_for_the_same_at_once_get_one(operations, ask):
    asked = await asyncio.gather(*(ask() for _ in range(16)))
    assert len({operation.id for operation in asked}) == 1
    assert len(await operations.newest(OperationFilter())) == 1


async def test_a_repeated_command_gets_its_operation_though_it_has_ended(store, operations):
    same = origin()
    asks = {"kind": KIND, "key": "k", "input": {}}
    first = (await request_operation(store, operations, same, **asks)).outcome
    claimed = await claim(operations)
    await operations.end(claimed.hold, "done", "All of it.", NOW)
    again = (await request_operation(store, operations, same, **asks)).outcome
    assert (again.id, again.status, again.message) == (first.id, "done", "All of it.")
    other = (await request_operation(store, operations, origin(), **asks)).outcome
    assert other.id != first.id


async def test_the_answer_is_stored_with_the_operation(store, operations):
    key = IdempotencyKey("alice POST /x", "key-1", "d" * 64)

    def answer(operation):
        return Answer(key, 202, {"id": str(operation.id)}, {})

    done = await request_operation(store, operations, origin(), kind=KIND, key="k", input={}, answer=answer)
    stored = await store.answered(key.scope, key.key)
    assert stored.body == {"id": str(done.outcome.id)}


async def test_each_is_taken_by_one_of_many_workers(operations, ask):
    asked = {(await ask(f"k{n}")).id for n in range(5)}
    claimed = [c for c in await asyncio.gather(*(claim(operations) for _ in range(8))) if c is not None]
    assert len(claimed) == 5
    assert {c.operation.id for c in claimed} == asked


async def test_only_known_kinds_are_taken(operations, ask):
    await ask(kind="other")
    assert await claim(operations) is None


async def test_one_whose_worker_is_lost_is_taken_over_and_the_lost_one_is_fenced_off(store, operations, ask):
    await ask()
    lost = await claim(operations, lease=0.0)
    taken = await claim(operations)
    assert (taken.operation.tries, taken.operation.losses) == (2, 1)
    item = PutItem(lost.hold, Item("F-1", "imported"), NOW)
    with pytest.raises(OperationLost):
        await operations.renew(lost.hold, 15.0)
    with pytest.raises(OperationLost):
        await operations.put_item(item)
    with pytest.raises(OperationLost):
        await operations.end(lost.hold, "done", None, NOW)
    with pytest.raises(OperationLost):
        await store.append(Save(origin(), (), rows=(PutProgress(lost.hold, 5),)))
    await operations.give_back(lost.hold)
    assert (await operations.get(taken.operation.id)).status == "running"


async def test_an_item_has_one_result_and_ends_a_row_of_losses(operations, ask):
    operation = await ask()
    await claim(operations, lease=0.0)
    claimed = await claim(operations)
    for outcome in ("imported", "failed"):
        await operations.put_item(PutItem(claimed.hold, Item("F-1", outcome), NOW))
    await operations.put_item(PutItem(claimed.hold, Item("F-2", "failed", "why", "/href"), NOW))
    items = await operations.items(operation.id)
    assert [(i.number, i.name, i.outcome, i.detail, i.href) for i in items] == [
        (1, "F-1", "imported", None, None),
        (2, "F-2", "failed", "why", "/href"),
    ]
    assert await operations.items(operation.id, after=1) == items[1:]
    found = await operations.get(operation.id)
    assert (found.done, found.losses) == (2, 0)


async def test_many_results_at_once_with_what_they_tell_machines(operations, ask):
    operation = await ask()
    claimed = await claim(operations)
    first = Item("F-1", "imported", data={"invoices": [1, {"total": "1.00"}]})
    await operations.put_item(PutItem(claimed.hold, first, NOW))
    more = [Item("F-1", "failed", data={}), Item("F-2", "failed", "why", data={"code": "ü"}), Item("F-3", "imported")]
    await operations.put_items([PutItem(claimed.hold, item, NOW) for item in more])
    await operations.put_items([])
    found = await operations.items(operation.id)
    assert [(i.name, i.outcome, i.data) for i in found] == [
        ("F-1", "imported", first.data), ("F-2", "failed", {"code": "ü"}), ("F-3", "imported", None),
    ]  # fmt: skip
    assert await operations.item_counts(operation.id) == {"imported": 2, "failed": 1}


async def test_lines_are_counted_where_they_are_the_unit(store, operations, ask):
    by_lines, by_items = await ask("a", unit="lines"), await ask("b")
    for _ in range(2):
        claimed = await claim(operations)
        await store.append(Save(origin(), (), rows=(PutProgress(claimed.hold, 7),)))
        await operations.put_item(PutItem(claimed.hold, Item("F-1", "imported"), NOW))
    assert (await operations.get(by_lines.id)).done == 7
    assert (await operations.get(by_items.id)).done == 1


async def test_what_is_given_back_for_later_is_not_taken_before(operations, ask):
    await ask()
    await operations.give_back((await claim(operations)).hold, seconds=3600)
    assert await claim(operations) is None


async def test_what_is_given_back_is_taken_at_once_and_no_worker_was_lost(operations, ask):
    await ask()
    await operations.give_back((await claim(operations)).hold)
    again = await claim(operations)
    assert (again.operation.tries, again.operation.losses) == (2, 0)


async def test_a_wish_to_cancel_is_told_when_the_lease_is_renewed(operations, ask):
    operation = await ask()
    claimed = await claim(operations)
    assert await operations.renew(claimed.hold, 15.0) is False
    asked = await operations.request_cancel(operation.id, NOW)
    assert (asked.status, asked.cancel_requested) == ("running", True)
    assert await operations.renew(claimed.hold, 15.0) is True


async def test_the_newest_come_first_by_kind_and_status(operations, store):
    for n, kind in enumerate((KIND, "other", KIND)):
        at = replace(origin(), now=NOW.replace(minute=n))
        await request_operation(store, operations, at, kind=kind, key=f"{n}", input={})
    await claim(operations)
    found = await operations.newest(OperationFilter(kinds=[KIND]))
    assert [operation.key for operation in found] == ["2", "0"]
    running = await operations.newest(OperationFilter(statuses=["running"]))
    assert [operation.key for operation in running] == ["0"]


async def test_a_reaction_never_goes_back(pool):
    positions = ReactionPositions(pool)
    assert await positions.get("notices") == 0
    await positions.put("notices", 7)
    await positions.put("notices", 5)
    assert await positions.get("notices") == 7


async def test_operations_that_ended_long_ago_are_forgotten_with_their_results(store, operations, ask):
    async def ended(key, days):
        operation = await ask(key)
        claimed = await claim(operations)
        await operations.put_item(PutItem(claimed.hold, Item("a", "done"), NOW))
        await operations.end(claimed.hold, "done", None, NOW - timedelta(days=days))
        return operation.id

    old, older, young, waiting = await ended("1", 91), await ended("2", 92), await ended("3", 89), (await ask("4")).id
    head, before = await store.head(), NOW - timedelta(days=90)
    assert [await operations.purge(before, limit=1) for _ in range(3)] == [1, 1, 0]
    assert await operations.get(old) is await operations.get(older) is None
    assert await operations.items(old) == []
    assert len(await operations.items(young)) == 1
    assert {o.id for o in await operations.newest(OperationFilter())} == {young, waiting}
    assert await store.head() == head
