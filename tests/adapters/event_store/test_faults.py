"""What happens to commands when the database goes away under them."""

import asyncio
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection

from adapters.event_store import Codec, PostgresEventStore
from adapters.event_store.append_call import MAX_GROUP
from commands.ports.event_store import AlreadyAnswered, Appended, Claim, Conflict, Save, StoreUnavailable
from tests.adapters.event_store.samples import answer, appended, notes, origin, product, save, write
from tests.support.dropping_proxy import DroppingProxy
from tests.support.waiting import eventually_async

ORDER_LOCK = 4701337001


@dataclass(frozen=True)
class Line:
    """A row that belongs to a save."""

    number: int


async def write_line(connection: AsyncConnection[Any], line: Line, _: Save) -> None:
    await connection.execute("INSERT INTO test_lines VALUES (%s)", (line.number,))


def make_lines(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE test_lines (number int PRIMARY KEY)")


def lines(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT number FROM test_lines ORDER BY number")]


def terminate(url: str, name: str) -> int:
    """End the server processes behind connections of a name; how many there were."""
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = %s",
            (f"ledgerline {name}",),
        ).rowcount


async def waiting_for_the_lock(url: str, count: int = 1) -> None:
    async def look() -> bool:
        async with await AsyncConnection.connect(url) as connection:
            cursor = await connection.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            )
            row = await cursor.fetchone()
            return row is not None and row[0] >= count

    await eventually_async(look, what="an append waits for the order lock")


async def test_an_append_whose_server_process_is_killed_is_done_once(database: str) -> None:
    async with (
        await PostgresEventStore.open(database, Codec()) as store,
        await AsyncConnection.connect(database) as other,
    ):
        await appended(store, "A", "one")
        await other.execute("SELECT pg_advisory_lock(%s)", (ORDER_LOCK,))
        late = asyncio.create_task(appended(store, "A", "two"))
        await waiting_for_the_lock(database)
        assert await asyncio.to_thread(terminate, database, "append") == 1
        await other.execute("SELECT pg_advisory_unlock(%s)", (ORDER_LOCK,))
        assert await late == 2
        assert notes(await store.load(product("A"))) == ["one", "two"]


async def test_a_commit_whose_answer_is_lost_is_recognised(tcp_database: str) -> None:
    async with DroppingProxy(tcp_database) as proxy, await PostgresEventStore.open(proxy.url, Codec()) as store:
        saves = [save(await write(store, "A", "marker-1", "more"), await write(store, "B", "b"), answer=answer("k"))]
        saves += [save(await write(store, f"S-{n}", "x")) for n in range(4)]
        proxy.drop_after(b"marker-1")
        results = await asyncio.gather(*(store.append(s) for s in saves))
        assert proxy.dropped == 1
        assert [r.position for r in results] == [3, 4, 5, 6, 7]
        assert await store.head() == 7
        told = await store.answered("key/test POST /products", "k")
        assert told is not None
        assert told.position == 3


async def test_an_answer_whose_own_answer_is_lost_is_told_as_stored(tcp_database: str) -> None:
    async with DroppingProxy(tcp_database) as proxy, await PostgresEventStore.open(proxy.url, Codec()) as store:
        await store.head()
        proxy.drop_after(b"marker-2")
        with pytest.raises(AlreadyAnswered) as told:
            await store.append(save(answer=answer("marker-2")))
        assert proxy.dropped == 1
        assert told.value.stored.body == {"id": "marker-2"}


async def test_a_save_with_rows_whose_commit_is_lost_is_recognised(tcp_database: str) -> None:
    make_lines(tcp_database)
    async with (
        DroppingProxy(tcp_database) as proxy,
        await PostgresEventStore.open(proxy.url, Codec(), row_writers={Line: write_line}) as store,
    ):
        writes = (await write(store, "A", "one"),)
        proxy.drop_after(b"COMMIT")
        done = await store.append(Save(origin(), writes, rows=(Line(1), Line(2))))
        assert (proxy.dropped, done) == (1, Appended(1))
        assert lines(tcp_database) == [1, 2]
        assert notes(await store.load(product("A"))) == ["one"]


async def test_a_save_with_rows_that_died_before_its_commit_says_so(tcp_database: str) -> None:
    make_lines(tcp_database)
    async with (
        DroppingProxy(tcp_database) as proxy,
        await PostgresEventStore.open(proxy.url, Codec(), row_writers={Line: write_line}) as store,
    ):
        writes = (await write(store, "A", "marker-3"),)
        proxy.drop_after(b"marker-3")
        with pytest.raises(StoreUnavailable, match="Nothing of the save was stored"):
            await store.append(Save(origin(), writes, rows=(Line(1),)))
        assert (lines(tcp_database), await store.head()) == ([], 0)
        await store.append(Save(origin(), writes, rows=(Line(1),)))
        assert (lines(tcp_database), await store.head()) == ([1], 1)


async def test_rows_and_events_are_stored_together_or_not_at_all(database: str) -> None:
    make_lines(database)
    async with await PostgresEventStore.open(database, Codec(), row_writers={Line: write_line}) as store:
        stale = (await write(store, "A", "late"),)
        await store.append(Save(origin(), (await write(store, "A", "one"),), rows=(Line(1),)))
        with pytest.raises(Conflict):
            await store.append(Save(origin(), stale, rows=(Line(2),)))
        with pytest.raises(psycopg.errors.UniqueViolation):
            await store.append(Save(origin(), (await write(store, "A", "two"),), rows=(Line(1),)))
        with pytest.raises(TypeError, match="no writer is registered for rows of int"):
            await store.append(Save(origin(), (await write(store, "A", "two"),), rows=(5,)))
        assert lines(database) == [1]
        assert notes(await store.load(product("A"))) == ["one"]


async def test_what_cannot_be_stored_costs_its_group_nothing(database: str) -> None:
    """PostgreSQL refuses an index entry of this size: an error of the whole call, which must hit one save only."""
    async with await PostgresEventStore.open(database, Codec()) as store:
        good = [save(await write(store, f"S-{n}", "x")) for n in range(5)]
        huge = "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(9_000))
        bad = save(await write(store, "A", "x"), claims=(Claim("code", huge, product("A").id),))
        results = await asyncio.gather(*(store.append(s) for s in [*good[:2], bad, *good[2:]]), return_exceptions=True)
        assert [type(r).__name__ for r in results].count("Appended") == 5
        assert isinstance(results[2], psycopg.errors.ProgramLimitExceeded)
        assert [e.position for e in await store.read(after=0, limit=10)] == [1, 2, 3, 4, 5]


async def test_a_text_that_cannot_be_stored_is_refused_before_it_is_sent(database: str) -> None:
    async with await PostgresEventStore.open(database, Codec()) as store:
        with pytest.raises(ValueError, match="NUL"):
            await store.append(Save(origin(actor="a\0b"), (await write(store, "A", "x"),)))
        assert await store.head() == 0


async def test_more_saves_than_fit_a_group(database: str) -> None:
    async with await PostgresEventStore.open(database, Codec()) as store:
        saves = [save(await write(store, f"S-{n}", "x")) for n in range(MAX_GROUP * 2 + 10)]
        results = await asyncio.gather(*(store.append(s) for s in saves))
        assert [r.position for r in results] == list(range(1, len(saves) + 1))


async def test_a_caller_that_gave_up_costs_nobody_anything(database: str) -> None:
    async with (
        await PostgresEventStore.open(database, Codec()) as store,
        await AsyncConnection.connect(database) as other,
    ):
        await other.execute("SELECT pg_advisory_lock(%s)", (ORDER_LOCK,))
        saves = [save(await write(store, f"S-{n}", "x")) for n in range(3)]
        tasks = [asyncio.create_task(store.append(s)) for s in saves]
        await waiting_for_the_lock(database)
        late = asyncio.create_task(store.append(save(await write(store, "late", "x"))))
        tasks[1].cancel()
        await other.execute("SELECT pg_advisory_unlock(%s)", (ORDER_LOCK,))
        assert isinstance(await tasks[0], Appended)
        assert isinstance(await tasks[2], Appended)
        assert isinstance(await late, Appended)
        assert tasks[1].cancelled()


async def test_closing_stores_what_waits_and_takes_no_more(database: str) -> None:
    store = await PostgresEventStore.open(database, Codec())
    saves = [save(await write(store, f"S-{n}", "x")) for n in range(20)]
    tasks = [asyncio.create_task(store.append(s)) for s in saves]
    await asyncio.sleep(0)
    await store.close()
    assert [r.position for r in await asyncio.gather(*tasks)] == list(range(1, 21))
    with pytest.raises(StoreUnavailable, match="nothing of the save was stored"):
        await store.append(saves[0])


async def test_a_database_that_stays_away_is_an_honest_error() -> None:
    with pytest.raises(StoreUnavailable, match="did not answer"):
        await PostgresEventStore.open("postgresql://127.0.0.1:1/none", Codec(), patience=0.3)


async def test_a_commit_that_stays_unknown_is_told_as_unknown(tcp_database: str) -> None:
    async with DroppingProxy(tcp_database) as proxy:
        store = await PostgresEventStore.open(proxy.url, Codec(), patience=0.3)
        await appended(store, "B", "the connection is there")
        prepared = save(await write(store, "A", "marker-4"))
        proxy.drop_after(b"marker-4")
        proxy.refuse()
        with pytest.raises(StoreUnavailable, match="is not known: ask again with the same idempotency key"):
            await store.append(prepared)
        await store.close()
    async with await PostgresEventStore.open(tcp_database, Codec()) as store:
        assert notes(await store.load(product("A"))) == ["marker-4"]
        assert (await store.append(prepared)).position == 2  # the same save again: recognised, not doubled


async def test_all_connections_lost_at_once_costs_a_wait_only(database: str) -> None:
    async with await PostgresEventStore.open(database, Codec()) as store:
        await appended(store, "A", "one")
        follower = asyncio.create_task(_take(store, 3))
        for number in range(2):
            for name in ("append", "load", "read", "rows", "listen"):
                await asyncio.to_thread(terminate, database, name)
            await appended(store, "A", f"more {number}")
        assert await follower == [1, 2, 3]
        assert await store.head() == 3


async def _take(store: PostgresEventStore, count: int) -> list[int]:
    seen: list[int] = []
    async for event in store.tail(0):
        seen.append(event.position)
        if len(seen) == count:
            return seen
    raise AssertionError


async def test_expired_answers_are_purged_and_can_be_given_anew(database: str) -> None:
    async with await PostgresEventStore.open(database, Codec()) as store:
        await store.append(save(answer=answer("old")))
        await store.append(save(answer=answer("money", forever=True)))
        with psycopg.connect(database) as connection:
            expiry = connection.execute("SELECT key, expires_at - clock_timestamp() FROM answers").fetchall()
            connection.execute("UPDATE answers SET expires_at = clock_timestamp() WHERE expires_at IS NOT NULL")
        kept = dict(expiry)
        assert kept["money"] is None
        assert 89 <= kept["old"].days <= 90
        assert await store.answered("key/test POST /products", "old") is None
        await store.append(save(answer=answer("old", "again")))
        assert await store.purge_expired_answers() == 0
        with psycopg.connect(database) as connection:
            connection.execute("UPDATE answers SET expires_at = clock_timestamp() WHERE expires_at IS NOT NULL")
        assert (await store.purge_expired_answers(), await store.purge_expired_answers()) == (1, 0)
        assert await store.answered("key/test POST /products", "money") is not None
