"""Rows and position go together; repeats, former owners and crashes change nothing."""

import random
import threading
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest

from adapters.projector.decoding import StoredDecoder
from adapters.projector.lane import Lane
from adapters.projector.runner import Projector
from projections.invoice_list.fold import INVOICE_LIST
from projections.ports.feed import Partition
from tests.adapters.projector.conftest import MODELS, drain
from tests.support.billing import CustomerInvoiceFacts, OfferFacts, ProviderInvoiceFacts, cluster_saved, customer_saved
from tests.support.histories import add_contract, add_what_follows
from tests.support.records import Happened, MemoryFeed
from tests.support.waiting import eventually


def a_history() -> Happened:
    """A little of everything, streams interleaved."""
    happened = Happened()
    happened.add(*customer_saved("c-1"))
    happened.add(*cluster_saved("north"))
    for n in range(6):
        i = ProviderInvoiceFacts(f"F-{n}")
        offer = OfferFacts(i)
        c = CustomerInvoiceFacts(f"R-{n}")
        happened.add(i.stream, i.started())
        happened.add(i.stream, i.populated())
        if n % 2:
            happened.add(i.stream, i.unresolved(), i.checksum_failed())
            happened.add(i.stream, i.retried())
        happened.add(i.stream, i.activated())
        happened.add(offer.stream, offer.offered(), key=i.stream.id)
        happened.add(c.stream, c.created())
        happened.add(offer.stream, offer.invoiced(UUID(int=n)), key=i.stream.id)
        happened.add(c.stream, c.added(n + 1))
        if n == 3:
            happened.add(i.stream, i.changed())
            happened.add(c.stream, c.removed())
        add_what_follows(happened, c, n)
        add_contract(happened, c, n)
    return happened


def test_rows_and_position(projector, look):
    feed = MemoryFeed()
    feed.publish(a_history().records)
    drain(projector(feed), feed)
    rows = look.everything()
    assert len(rows["provider_invoices"]) == len(rows["provider_invoice_usage"]) == len(rows["invoice_list"]) == 6
    assert look.one("SELECT count(*) FROM read_models.problem_invoices WHERE kinds <> '{}'") == 1
    assert look.one("SELECT sum(cost) FROM read_models.invoice_list") == Decimal("12.345") * 6 - Decimal("2.345")
    assert (
        look.one("SELECT min(watermark), max(watermark) FROM read_models.positions") == (len(a_history().records),) * 2
    )
    assert look.one("SELECT count(*) FROM read_models.parked") == 0


@pytest.mark.parametrize("seed", range(6))
def test_any_interleaving_of_topics_gives_the_same_rows(projector, look, database_server, seed):
    """Partitions are read in any order and in batches of any size; order holds within each."""
    straight, shuffled = MemoryFeed(), MemoryFeed()
    for feed in (straight, shuffled):
        feed.publish(a_history().records)
    drain(projector(straight), straight)
    expected = look.everything()
    look.connection.execute("TRUNCATE read_models.positions, read_models.streams")
    for table in expected:
        look.connection.execute(f"TRUNCATE read_models.{table}")
    chance = random.Random(seed)
    again = projector(shuffled, max_records=chance.randint(1, 9))
    while any(shuffled.noted.get(p, 0) < len(log) for p, log in shuffled.logs.items()):
        chance.shuffle(shuffled.order)
        assert again.step(timeout=0)
    assert look.everything() == expected


def test_repeats_change_nothing(projector, look):
    feed, happened = MemoryFeed(), a_history()
    feed.publish(happened.records)
    one = projector(feed, max_records=7)
    drain(one, feed)
    rows, events = look.everything(), one.tally.events
    feed.publish(happened.records[3:20])
    feed.publish(happened.records[10:])
    drain(one, feed)
    assert look.everything() == rows
    assert one.tally.events == events == len(happened.records)


def test_a_generation_later_everything_comes_again(projector, look):
    feed, happened = MemoryFeed(), a_history()
    feed.publish(happened.records)
    one = projector(feed)
    drain(one, feed)
    rows = look.everything()
    feed.generation = 2
    feed.reassign()
    feed.noted.clear()
    drain(one, feed)
    assert look.everything() == rows
    assert set(feed.noted.values()) == {len(log) for log in feed.logs.values() if log}


def test_a_former_owner_changes_nothing(projector, look):
    happened = a_history()
    old_feed, new_feed = MemoryFeed(), MemoryFeed()
    for feed in (old_feed, new_feed):
        feed.publish(happened.records[:10])
    old, new = projector(old_feed), projector(new_feed)
    drain(old, old_feed)
    assert new.step(timeout=0)
    for feed in (old_feed, new_feed):
        feed.publish(happened.records[10:])
    rows = look.everything()
    assert old.step(timeout=0)
    assert look.everything() == rows
    assert old.tally.dropped > 0
    drain(new, new_feed)
    assert look.one("SELECT count(*) FROM read_models.invoice_list") == 6
    assert new.tally.events + old.tally.events == len(happened.records)


def test_a_missing_version_stops_and_says_so(projector, look):
    feed, happened = MemoryFeed(), a_history()
    lost = next(r for r in happened.records if r.type == "provider-invoice.lines-populated")
    feed.publish([r for r in happened.records if r is not lost])
    one = projector(feed)
    assert not one.step(timeout=0)
    assert f"{lost.subject} is at version 1, but version 3 came next" in str(one.tally.problem)
    assert look.one("SELECT count(*) FROM read_models.provider_invoices") == 0
    assert look.one("SELECT max(next_offset) FROM read_models.positions") == 0


def test_what_the_database_refuses_is_parked_and_nothing_else(projector, look):
    feed, happened = MemoryFeed(), Happened()
    good, bad = CustomerInvoiceFacts("R-1"), CustomerInvoiceFacts("R-\x00")
    happened.add(good.stream, good.created())
    happened.add(bad.stream, bad.created())
    happened.add(bad.stream, bad.added())
    happened.add(good.stream, good.added())
    feed.publish(happened.records)
    one = projector(feed)
    drain(one, feed)
    assert look.one("SELECT reference, lines FROM read_models.invoice_list") == ("R-1", 5)
    waiting = look.connection.execute("SELECT subject, reason IS NULL FROM read_models.parked ORDER BY stream_version")
    assert waiting.fetchall() == [(str(bad.stream), False), (str(bad.stream), True)]
    assert one.tally.parked == 2
    feed.publish(happened.add(bad.stream, bad.changed()))
    drain(one, feed)
    assert look.one("SELECT count(*) FROM read_models.parked") == 3


@pytest.mark.parametrize(
    "reference",
    ["R-\x00", "R-" + "".join(f"{n:x}" for n in range(20_000))],
    ids=["a-zero-byte", "too-long-for-its-index"],
)
def test_each_refusal_is_found_among_good_events(projector, look, reference):
    feed, happened = MemoryFeed(), Happened()
    for n in range(5):
        i = ProviderInvoiceFacts(f"F-{n}" if n != 2 else reference)
        happened.add(i.stream, i.started())
    feed.publish(happened.records)
    one = projector(feed)
    drain(one, feed)
    assert look.one("SELECT array_agg(number ORDER BY number) FROM read_models.provider_invoices") == [
        "F-0", "F-1", "F-3", "F-4",
    ]  # fmt: skip
    assert look.one("SELECT count(*) FROM read_models.parked WHERE read_model = 'provider_invoices'") == 1
    assert one.tally.events == 5


def test_a_number_that_no_row_holds_is_parked(projector, look):
    feed, happened = MemoryFeed(), Happened()
    c = CustomerInvoiceFacts()
    happened.add(c.stream, c.created())
    happened.add(c.stream, c.added(), data=b'{"lines": 99999999999999999999999, "cost": "1", "currency": "EUR"}')
    feed.publish(happened.records)
    drain(projector(feed), feed)
    assert "64-bit" in look.one("SELECT reason FROM read_models.parked")
    assert look.one("SELECT lines FROM read_models.invoice_list") == 0


def test_a_lost_connection_is_got_over(projector, look):
    feed, happened = MemoryFeed(), a_history()
    feed.publish(happened.records[:10])
    one = projector(feed)
    drain(one, feed)
    feed.publish(happened.records[10:])
    look.connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    assert not one.step(timeout=0)
    assert "database" in str(one.tally.problem)
    drain(one, feed)
    assert one.tally.problem is None
    assert one.tally.events == len(happened.records)


def test_a_deadlock_is_got_over(look, database):
    """Somebody holds a row and wants the position, the projector holds the position and wants the row."""
    feed, happened = MemoryFeed(), Happened()
    c = CustomerInvoiceFacts()
    feed.publish(happened.add(c.stream, c.created()))
    one = Projector(
        feed, Lane("live", "test"), MODELS, StoredDecoder(),
        lambda: psycopg.connect(database, options="-c deadlock_timeout=50ms"),
    )  # fmt: skip
    drain(one, feed)
    feed.publish(happened.add(c.stream, c.added()))
    with psycopg.connect(database, options="-c deadlock_timeout=60s") as other:
        other.execute("SELECT FROM read_models.invoice_list FOR UPDATE")
        results: list[bool] = []
        thread = threading.Thread(target=lambda: results.append(one.step(timeout=0)))
        thread.start()
        waiting = "SELECT count(*) FROM pg_locks AS l JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()"
        eventually(lambda: look.one(waiting) == 1, every=0.005)
        other.execute("SELECT FROM read_models.positions FOR UPDATE")
        thread.join()
    assert results == [False]
    assert "DeadlockDetected" in str(one.tally.problem)
    drain(one, feed)
    assert look.one("SELECT lines FROM read_models.invoice_list") == 5
    one.close()


def test_partitions_of_another_feed_do_not_hold_the_position_back(projector, look):
    many, few = MemoryFeed(partitions=4), MemoryFeed(partitions=1)
    for feed in (many, few):
        feed.publish(a_history().records)
    drain(projector(many), many)
    assert look.one("SELECT count(*) FROM read_models.positions") == 11
    few.generation = 2
    rows = look.everything()
    drain(projector(few), few)
    assert look.one("SELECT count(*) FROM read_models.positions") == 5
    assert look.everything() == rows


def test_a_projector_may_take_only_some_read_models(projector, look):
    feed = MemoryFeed()
    feed.publish(a_history().records)
    drain(projector(feed, models=(INVOICE_LIST,)), feed)
    rows = look.everything()
    assert [t for t, found in rows.items() if found] == ["invoice_list"]


def test_an_epoch_rises_with_every_claim(projector, look):
    feed = MemoryFeed()
    one = projector(feed)
    assert one.step(timeout=0)
    feed.reassign()
    assert one.step(timeout=0)
    assert look.one("SELECT min(epoch), max(epoch) FROM read_models.positions") == (2, 2)


def test_an_event_of_a_later_version_is_parked(projector, look):
    feed, happened = MemoryFeed(), Happened()
    c = CustomerInvoiceFacts()
    happened.add(c.stream, c.created())
    feed.publish([happened.records[0]._replace(schema_version=99)])
    drain(projector(feed), feed)
    assert "version 99 cannot be read" in look.one("SELECT reason FROM read_models.parked")
    assert (
        look.one("SELECT next_offset FROM read_models.positions WHERE (topic, partition) = (%s, %s)", *_of(feed)) == 1
    )


def _of(feed: MemoryFeed) -> Partition:
    return next(p for p, log in feed.logs.items() if log)


def test_two_projectors_do_not_deadlock_on_a_connection_error(projector, look):  # the lane's lock is free afterwards
    feed = MemoryFeed()
    feed.publish(a_history().records)
    drain(projector(feed), feed)
    with psycopg.connect(look.url) as other:
        assert other.execute(
            "SELECT pg_try_advisory_xact_lock(hashtext('read_models.lane'), hashtext('live'))"
        ).fetchone() == (True,)
