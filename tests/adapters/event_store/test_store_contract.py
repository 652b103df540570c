"""What every event store does: run on PostgreSQL and on its twin in memory.

Long because it is the one contract suite of the port, and is read as a whole.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4, uuid5

import pytest

from adapters.event_store import Codec, PostgresEventStore
from adapters.event_store.chain import GENESIS_HEX
from commands.ports.event_store import (
    AlreadyAnswered,
    Appended,
    Claim,
    ClaimTaken,
    Conflict,
    EventStore,
    Recorded,
    Save,
    Write,
)
from domain.identity import NAMESPACE
from tests.adapters.event_store.samples import (
    NOW,
    answer,
    appended,
    fact,
    notes,
    origin,
    product,
    save,
    write,
)
from tests.support.memory_store import MemoryEventStore

if TYPE_CHECKING:
    _both_fit_the_port: tuple[type[EventStore], type[EventStore]] = (PostgresEventStore, MemoryEventStore)


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[EventStore]:
    if request.param == "memory":
        yield MemoryEventStore()
        return
    async with await PostgresEventStore.open(request.getfixturevalue("database"), Codec()) as real:
        yield real


async def test_a_stream_that_is_not_there_is_empty(store: EventStore) -> None:
    history = await store.load(product("A"))
    assert (history.facts, history.version, history.head_hash, history.position) == ((), 0, GENESIS_HEX, 0)
    assert await store.head() == 0


async def test_what_was_appended_is_loaded_in_order(store: EventStore) -> None:
    await appended(store, "A", "one", "two")
    position = await appended(store, "A", "three")
    history = await store.load(product("A"))
    assert notes(history) == ["one", "two", "three"]
    assert (history.version, history.position) == (3, position)
    assert await store.head() == position


async def test_a_stream_is_loaded_up_to_a_version(store: EventStore) -> None:
    await appended(store, "A", "one", "two", "three")
    then = await store.load(product("A"), to_version=2)
    assert (notes(then), then.version) == (["one", "two"], 2)
    assert (await store.load(product("A"), to_version=0)).facts == ()
    both = await asyncio.gather(store.load(product("A"), to_version=1), store.load(product("A")))
    assert [history.version for history in both] == [1, 3]


async def test_several_streams_are_loaded_at_once(store: EventStore) -> None:
    await appended(store, "A", "one")
    await appended(store, "B", "two")
    found = await store.load_many([product("B"), product("C"), product("A")])
    assert {stream: notes(history) for stream, history in found.items()} == {
        product("A"): ["one"],
        product("B"): ["two"],
        product("C"): [],
    }


async def test_streams_are_found_by_their_record_key(store: EventStore) -> None:
    parent = uuid4()
    for code in ("A", "B"):
        history = await store.load(product(code))
        await store.append(save(Write(history, (fact(code),), record_key=parent)))
    await appended(store, "C", "other")
    found = await store.load_by_key(parent, "product")
    assert sorted(str(n) for history in found for n in notes(history)) == ["A", "B"]
    assert await store.load_by_key(parent, "cluster") == []
    several = await store.load_by_keys([parent, uuid4()], "product")
    assert {key: [h.stream for h in some] for key, some in several.items()} == {parent: [h.stream for h in found]}


async def test_streams_of_a_key_are_found_by_what_they_hold(store: EventStore) -> None:
    parent = uuid4()
    for code in ("A", "B", "C"):
        history = await store.load(product(code))
        await store.append(save(Write(history, (fact(code),), record_key=parent)))
    found = await store.load_having(parent, "product", ["product.retired", "product.saved"], limit=2)
    rest = await store.load_having(parent, "product", ["product.retired"], after=found[-1].stream)
    assert (len(found), len(rest)) == (2, 1)
    assert sorted(str(n) for history in (*found, *rest) for n in notes(history)) == ["A", "B", "C"]
    assert await store.load_having(parent, "product", ["product.saved"]) == []
    assert await store.load_having(parent, "cluster", ["product.retired"]) == []


async def test_an_event_carries_its_envelope(store: EventStore) -> None:
    asked = origin(agent="key/robot", causation_id="cause-1", traceparent="00-1-2-01")
    await store.append(Save(asked, (Write(await store.load(product("A")), (fact("one"), fact("two"))),)))
    first, second = await store.history(product("A"))
    assert first.data == first.fact.model_dump_json().encode()
    subject = f"product/{product('A').id}"
    assert first.event_id == uuid5(NAMESPACE, f"event:{subject}:1:{asked.command_id}")
    assert (first.type, first.schema_version, first.fact) == ("product.retired", 1, fact("one"))
    assert (str(first.stream), first.version, second.version) == (subject, 1, 2)
    assert first.record_key == product("A").id
    assert (first.occurred_at, first.business_date, first.zone) == (NOW, asked.business_date, "Europe/Berlin")
    assert (first.actor, first.agent, first.command_id) == ("key/test", "key/robot", asked.command_id)
    assert (first.correlation_id, first.causation_id, first.traceparent) == ("request-1", "cause-1", "00-1-2-01")
    assert [(e.commit_id, e.commit_size) for e in (first, second)] == [(first.position, 2)] * 2
    assert second.position == first.position + 1


async def test_hashes_chain_the_events_of_a_stream(store: EventStore) -> None:
    await appended(store, "A", "one")
    await appended(store, "A", "two")
    first, second = await store.history(product("A"))
    assert first.previous_hash == GENESIS_HEX
    assert second.previous_hash == first.hash
    assert (await store.load(product("A"))).head_hash == second.hash
    # written out once more by hand: this is the published formula
    lines = [
        str(second.event_id),
        "product.retired",
        "1",
        str(second.stream),
        "2",
        "2026-02-03T04:05:06.789012Z",
        "2026-02-03",
        "Europe/Berlin",
        "key/test",
        "\\N",
        str(second.command_id),
        "request-1",
        "\\N",
    ]
    covered = bytes.fromhex(first.hash) + "".join(f"{line}\n" for line in lines).encode() + second.data
    assert second.hash == hashlib.sha256(covered).hexdigest()


async def test_a_stale_save_conflicts_and_stores_nothing(store: EventStore) -> None:
    stale = await write(store, "A", "late")
    fresh = await write(store, "B", "with it")
    await appended(store, "A", "first")
    with pytest.raises(Conflict) as refused:
        await store.append(save(fresh, stale, claims=(Claim("code", "x", uuid4()),)))
    assert refused.value.stream == product("A")
    assert (await store.load(product("B"))).version == 0
    assert await store.owner_of("code", "x") is None
    assert await store.head() == 1


async def test_a_save_that_saw_another_history_conflicts(store: EventStore) -> None:
    await appended(store, "A", "one")
    seen = await store.load(product("A"))
    with pytest.raises(Conflict):
        await store.append(save(Write(replace(seen, head_hash="ab" * 32), (fact("two"),))))


async def test_several_aggregates_are_stored_as_one(store: EventStore) -> None:
    done = await store.append(save(await write(store, "A", "a"), await write(store, "B", "b1", "b2")))
    events = await store.read(after=0, limit=10)
    assert [(e.stream, e.version) for e in events] == [(product("A"), 1), (product("B"), 1), (product("B"), 2)]
    assert {(e.commit_id, e.commit_size) for e in events} == {(events[0].position, 3)}
    assert done.position == events[-1].position


async def test_one_save_cannot_write_a_stream_twice(store: EventStore) -> None:
    with pytest.raises(ValueError, match="two writes"):
        await store.append(save(await write(store, "A", "a"), await write(store, "A", "b")))
    assert await store.head() == 0


async def test_many_saves_at_once_only_the_stale_one_fails(store: EventStore) -> None:
    await appended(store, "hot", "first")
    stale = [await write(store, "hot", "x") for _ in range(4)]
    fresh = [await write(store, f"S-{n}", "y") for n in range(12)]
    results = await asyncio.gather(*(store.append(save(w)) for w in [*fresh, *stale]), return_exceptions=True)
    assert all(isinstance(r, Appended) for r in results[:12])
    assert sorted(type(r).__name__ for r in results[12:]) == ["Appended", "Conflict", "Conflict", "Conflict"]
    assert [e.position for e in await store.read(after=0, limit=100)] == list(range(1, 15))


async def test_a_save_is_not_lost_to_one_that_lost_itself(store: EventStore) -> None:
    """Three at once: the second conflicts with the first; the third only shares a stream with the second."""
    a, b = [await write(store, "A", str(n)) for n in range(2)], [await write(store, "B", str(n)) for n in range(2)]
    results = await asyncio.gather(
        store.append(save(a[0])), store.append(save(a[1], b[0])), store.append(save(b[1])), return_exceptions=True
    )
    assert [type(r).__name__ for r in results] == ["Appended", "Conflict", "Appended"]


async def test_the_same_request_at_once_is_answered_once(store: EventStore) -> None:
    saves = [save(await write(store, f"S-{n}", "x"), answer=answer("k")) for n in range(16)]
    results = await asyncio.gather(*(store.append(s) for s in saves), return_exceptions=True)
    stored = [r for r in results if isinstance(r, Appended)]
    repeated = [r for r in results if isinstance(r, AlreadyAnswered)]
    assert (len(stored), len(repeated)) == (1, 15)
    assert await store.head() == 1
    for told in repeated:
        assert (told.stored.status, told.stored.body, told.stored.position) == (201, {"id": "k"}, stored[0].position)


async def test_an_answer_is_kept_with_its_events(store: EventStore) -> None:
    done = await store.append(save(await write(store, "A", "x", "y"), answer=answer("k", "digest")))
    told = await store.answered("key/test POST /products", "k")
    assert told is not None
    assert (told.digest, told.status, told.headers) == ("digest", 201, {"Location": "/k"})
    assert told.position == done.position == 2
    assert await store.answered("key/test POST /products", "other") is None
    assert await store.answered("key/other POST /products", "k") is None


async def test_an_answer_can_be_kept_without_events(store: EventStore) -> None:
    await appended(store, "A", "one")
    assert (await store.append(save(answer=answer("k", status=200)))).position == 0
    told = await store.answered("key/test POST /products", "k")
    assert told is not None
    assert (told.status, told.position) == (200, 0)


async def test_a_repeated_request_is_told_so_before_anything_else(store: EventStore) -> None:
    """Its stream has moved on by its own first try, its name is taken: what the caller needs is the answer."""
    first = await write(store, "A", "x")
    again = await write(store, "A", "x")
    await store.append(save(first, claims=(Claim("code", "x", product("A").id),), answer=answer("k")))
    with pytest.raises(AlreadyAnswered):
        await store.append(save(again, claims=(Claim("code", "x", uuid4()),), answer=answer("k")))


async def test_a_name_belongs_to_who_takes_it_first(store: EventStore) -> None:
    owners = [uuid4() for _ in range(8)]
    saves = [save(await write(store, f"S-{n}", "x"), claims=(Claim("code", "c", owners[n]),)) for n in range(8)]
    results = await asyncio.gather(*(store.append(s) for s in saves), return_exceptions=True)
    winners = [owner for owner, result in zip(owners, results, strict=True) if isinstance(result, Appended)]
    assert len(winners) == 1
    assert await store.owner_of("code", "c") == winners[0]
    losers = [r for r in results if isinstance(r, ClaimTaken)]
    assert [(r.kind, r.key, r.owner) for r in losers] == [("code", "c", winners[0])] * 7
    assert await store.head() == 1


async def test_taking_what_one_holds_is_no_error(store: EventStore) -> None:
    mine = Claim("code", "c", product("A").id)
    await store.append(save(await write(store, "A", "x"), claims=(mine,)))
    await store.append(save(await write(store, "A", "y"), claims=(mine,)))
    assert await store.owner_of("code", "c") == product("A").id


async def test_a_name_given_back_can_be_taken(store: EventStore) -> None:
    mine, theirs = product("A").id, product("B").id
    await store.append(save(await write(store, "A", "x"), claims=(Claim("code", "c", mine),)))
    not_theirs = Claim("code", "c", theirs, take=False)
    await store.append(save(await write(store, "B", "x"), claims=(not_theirs,)))
    assert await store.owner_of("code", "c") == mine
    moved = (Claim("code", "c", mine, take=False), Claim("code", "d", mine))
    await store.append(save(await write(store, "A", "y"), claims=moved))
    await store.append(save(await write(store, "B", "y"), claims=(Claim("code", "c", theirs),)))
    assert (await store.owner_of("code", "c"), await store.owner_of("code", "d")) == (theirs, mine)


async def test_the_feed_is_read_in_parts_and_by_type_and_kind(store: EventStore) -> None:
    for code in "ABC":
        await appended(store, code, "x", "y")
    part = await store.read(after=2, limit=3)
    assert [e.position for e in part] == [3, 4, 5]
    assert [e.position for e in await store.read(after=2, limit=10, upto=4)] == [3, 4]
    assert len(await store.read(after=0, limit=10, types=["product.retired", "other"])) == 6
    assert await store.read(after=0, limit=10, types=["product.saved"]) == []
    assert len(await store.read(after=0, limit=10, kinds=["product"])) == 6
    assert await store.read(after=0, limit=10, kinds=["customer"]) == []


async def test_a_history_is_read_in_parts(store: EventStore) -> None:
    await appended(store, "A", "1", "2", "3", "4")
    assert [e.version for e in await store.history(product("A"), after=1, limit=2)] == [2, 3]


async def test_the_version_as_of_an_instant(store: EventStore) -> None:
    await appended(store, "A", "1", "2")
    await appended(store, "B", "1")
    await appended(store, "A", "3")
    last = await store.history(product("A"))
    assert await store.version_at(product("A"), last[-1].recorded_at) == 3
    assert await store.version_at(product("A"), last[0].recorded_at - timedelta(microseconds=1)) == 0
    assert await store.version_at(product("C"), last[-1].recorded_at) == 0
    assert last[-1].recorded_at >= last[0].recorded_at


async def test_the_tail_goes_on_with_what_comes(store: EventStore) -> None:
    await appended(store, "A", "1", "2")
    seen: list[Recorded] = []
    all_there = asyncio.Event()

    async def follow() -> None:
        async for event in store.tail(1):
            seen.append(event)
            if len(seen) == 3:
                all_there.set()

    follower = asyncio.create_task(follow())
    try:
        await appended(store, "B", "3")
        await appended(store, "A", "4")
        async with asyncio.timeout(120):
            await all_there.wait()
    finally:
        follower.cancel()
        await asyncio.gather(follower, return_exceptions=True)
    assert [event.position for event in seen] == [2, 3, 4]


async def test_texts_come_back_as_they_went(store: EventStore) -> None:
    awkward = "quotes \"' back\\slash \n tab\t umlaut ü emoji \U0001f9fe {null} enc:1:abc:def"
    asked = origin(actor="line\nfeed \\N", correlation_id=awkward)
    await store.append(Save(asked, (Write(await store.load(product("A")), (fact(awkward),)),)))
    (event,) = await store.history(product("A"))
    assert notes(await store.load(product("A"))) == [awkward]
    assert (event.actor, event.correlation_id) == ("line\nfeed \\N", awkward)


async def test_nothing_to_store_is_no_error(store: EventStore) -> None:
    assert (await store.append(save())).position == 0
    assert (await store.append(save(await write(store, "A")))).position == 0
    assert await store.head() == 0


async def test_a_write_without_facts_still_expects_its_version(store: EventStore) -> None:
    await appended(store, "A", "1")
    guard = await write(store, "A")
    await store.append(save(guard, await write(store, "B", "x")))
    await appended(store, "A", "2")
    with pytest.raises(Conflict):
        await store.append(save(guard, await write(store, "B", "y")))


async def test_any_number_of_saves_at_once_may_expect_the_same_stream(store: EventStore) -> None:
    await appended(store, "A", "1")
    guard = Write(await store.load(product("A")), ())
    saves = [save(await write(store, f"S-{n}", "x"), guard) for n in range(8)]
    assert all(isinstance(r, Appended) for r in await asyncio.gather(*(store.append(s) for s in saves)))


async def test_a_save_in_a_group_sees_that_an_earlier_one_changed_what_it_expects(store: EventStore) -> None:
    await appended(store, "A", "1")
    guard, change = Write(await store.load(product("A")), ()), await write(store, "A", "2")
    saves = [save(change), *[save(await write(store, f"S-{n}", "x"), guard) for n in range(3)]]
    results = await asyncio.gather(*(store.append(s) for s in saves), return_exceptions=True)
    assert [type(r).__name__ for r in results] == ["Appended", "Conflict", "Conflict", "Conflict"]
