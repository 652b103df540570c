"""What only the feed from the event store does."""

import psycopg

from adapters.feed.event_store_feed import STRIDE, EventStoreFeed
from adapters.feed.store_source import connect_to
from domain.facts import TOPICS
from projections.ports.feed import Partition
from tests.support.feeding import Member, Positions, Written, in_order
from tests.support.waiting import eventually


def test_it_survives_the_loss_of_its_connection(database: str):
    written, positions = Written(database), Positions()
    reader = Member(EventStoreFeed(connect_to(database), "readers"), positions)
    for _ in range(3):
        written.write(20)
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ledgerline feed' "
                "AND datname = current_database()"
            )
        reader.until_position(len(written.records))
    assert in_order(positions.applied) == in_order(written.records)
    assert reader.feed.problem() is None
    reader.feed.close()


def test_a_standby_takes_over_when_the_owner_is_gone(database: str):
    written, positions = Written(database), Positions()
    one = Member(EventStoreFeed(connect_to(database), "readers"), positions)
    one.until(lambda: one.owned)
    two = Member(EventStoreFeed(connect_to(database), "readers"), positions)
    two.step()
    assert two.owned == set()
    one.feed.close()
    assert one.owned == set()
    written.write(10)
    two.until_position(10)
    assert in_order(positions.applied) == in_order(written.records)
    two.feed.close()


def test_a_topic_in_which_nothing_happens_is_not_read_again_from_its_start(database: str):
    with psycopg.connect(database, autocommit=True) as connection:
        written, positions = Written(database), Positions()
        reader = Member(EventStoreFeed(connect_to(database), "readers"), positions)
        written.write(3)
        reader.until_position(3)
        quiet = Partition("billing-contract", 0)
        assert positions.partitions[quiet].offset == 0
        connection.execute(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state, notification_id, event_id, "
            "record_key, occurred_at, recorded_at, business_date, zone, actor, command_id, correlation_id, commit_id, "
            "previous_hash, hash, kind) SELECT 'notice/' || gen_random_uuid(), 1, 'notice.sent', '{}', %s, gen_random_uuid(), "
            "gen_random_uuid(), now(), now(), current_date, 'UTC', 'a', gen_random_uuid(), 'c', 1, '', '', 'notice'",
            (STRIDE + 100,),
        )
        reader.until_position(STRIDE + 100)
        eventually(lambda: reader.step() is not None and positions.partitions[quiet].offset > STRIDE)
    reader.feed.close()


def test_a_stream_of_a_kind_that_is_not_known_stops_the_feed_and_says_what_to_do(database: str):
    written, positions = Written(database), Positions()
    written.write(3)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state, notification_id, recorded_at, "
            "commit_id, kind) VALUES ('spaceship/1', 1, 'spaceship.launched', '{}', 4, now(), 4, 'spaceship')"
        )
    reader = Member(EventStoreFeed(connect_to(database), "readers", TOPICS), positions)
    reader.until(lambda: "update it" in str(reader.feed.problem()))
    assert "'spaceship'" in str(reader.feed.problem())
    reader.feed.close()
