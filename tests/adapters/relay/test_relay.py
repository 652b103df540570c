"""The relay on a real store and a real broker."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from adapters.feed.kafka_feed import KafkaFeed
from adapters.feed.store_source import connect_to
from adapters.kafka.cloudevents import REQUIRED
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import create_topics, delete_topics, end_offsets, partitions
from adapters.relay.progress import ProgressStore
from services.relay import ask_for_rebuild
from tests.support.feeding import (
    Member,
    Positions,
    RunningRelay,
    Written,
    in_order,
    progress,
    running_relay,
    until_relayed,
)
from tests.support.kafka_broker import Kafka
from tests.support.waiting import eventually


@pytest.fixture
def settings(kafka: Kafka) -> Iterator[KafkaSettings]:
    settings = KafkaSettings(bootstrap_servers=(kafka.bootstrap_servers,), prefix=kafka.prefix, session_timeout=6.0)
    yield settings
    delete_topics(settings)


@pytest.fixture
def written(database: str) -> Written:
    return Written(database)


@contextmanager
def reader(url: str, settings: KafkaSettings, positions: Positions | None = None) -> Iterator[Member]:
    feed = KafkaFeed(settings, f"{settings.prefix}.readers", connect_to(url))
    try:
        yield Member(feed, positions or Positions())
    finally:
        feed.close()


def raw_records(settings: KafkaSettings) -> dict[TopicPartition, list[object]]:
    """All that lies in the topics, by a plain consumer."""
    ends = {TopicPartition(settings.topic(p.topic), p.number): end for p, end in end_offsets(settings).items() if end}
    consumer = KafkaConsumer(bootstrap_servers=list(settings.bootstrap_servers), auto_offset_reset="earliest")
    try:
        consumer.assign(list(ends))
        found: dict[TopicPartition, list[object]] = {tp: [] for tp in ends}

        def read() -> bool:
            for tp, records in consumer.poll(timeout_ms=100).items():
                found[tp].extend(records)
            return all(len(found[tp]) >= end for tp, end in ends.items())

        eventually(read, every=0)
        return found
    finally:
        consumer.close()


def test_records_are_cloudevents_keyed_by_their_record_key(database: str, settings: KafkaSettings, written: Written):
    written.write(30)
    with running_relay(database, settings):
        until_relayed(database, settings, 30)
    by_id = {str(record.event_id): record for record in written.records}
    found = [record for records in raw_records(settings).values() for record in records]
    assert len(found) == 30
    for record in found:
        headers = dict(record.headers)
        event = by_id[headers["ce_id"].decode()]
        assert set(REQUIRED) <= set(headers)
        assert (record.value, record.key) == (event.data, str(event.record_key).encode())
        assert record.topic == settings.topic(event.topic)


def test_the_same_key_is_always_in_the_same_partition(database: str, settings: KafkaSettings, written: Written):
    written.write(60)
    with running_relay(database, settings):
        until_relayed(database, settings, 60)
    places: dict[bytes, set[TopicPartition]] = {}
    for tp, records in raw_records(settings).items():
        for record in records:
            places.setdefault(record.key, set()).add(tp)
    assert all(len(tps) == 1 for tps in places.values())


def test_a_second_relay_waits_and_takes_over(database: str, settings: KafkaSettings, written: Written):
    first = RunningRelay(database, settings)
    eventually(lambda: first.relay.active)
    second = RunningRelay(database, settings)
    try:
        turns = second.relay.turns
        eventually(lambda: second.relay.turns > turns + 1)
        assert not second.relay.active
        assert second.relay.problem is None
        written.write(10)
        until_relayed(database, settings, 10)
        first.stop()
        eventually(lambda: second.relay.active)
        written.write(10)
        until_relayed(database, settings, 20)
        eventually(lambda: (first.metrics.published, second.metrics.published) == (10, 10))
    finally:
        second.stop()
        first.stop()


def test_it_survives_the_loss_of_its_connections(database: str, settings: KafkaSettings, written: Written):
    with running_relay(database, settings) as running:
        eventually(lambda: running.relay.active)
        for _ in range(3):
            with psycopg.connect(database, autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            until_relayed(database, settings, written.write(20)[-1].position)
        assert written.records[-1].position == 60


def test_a_stale_relay_cannot_move_the_position(database: str, settings: KafkaSettings):
    with psycopg.connect(database, autocommit=True) as connection:
        store = ProgressStore(connection, settings.prefix)
        store.make_row()
        before = store.load()
        assert store.advance(before, 10, {})
        assert not store.advance(before, 7, {})
        assert store.load().position == 10


def test_a_rebuild_publishes_everything_again_and_readers_apply_nothing_twice(
    database: str, settings: KafkaSettings, written: Written
):
    written.write(40)
    positions = Positions()
    with running_relay(database, settings), reader(database, settings, positions) as member:
        member.until_position(40)
        generation = ask_for_rebuild(database, settings)
        eventually(lambda: progress(database, settings).generation == generation)
        until_relayed(database, settings, 40)
        written.write(10)
        until_relayed(database, settings, 50)
        member.until(lambda: len({record.position for record in positions.applied[40:]}) == 50)
        member.until_position(50)
    again = {record.position: record for record in positions.applied[40:]}
    assert in_order(again.values()) == in_order(written.records)
    assert sum(end_offsets(settings).values()) >= 90


def test_topics_that_lost_records_are_noticed_and_mended_by_a_rebuild(
    database: str, settings: KafkaSettings, written: Written
):
    written.write(40)
    positions = Positions()
    with running_relay(database, settings), reader(database, settings, positions) as member:
        member.until_position(40)
    delete_topics(settings)
    eventually(lambda: create_topics(settings).made == () and set(end_offsets(settings).values()) == {0}, every=0.2)
    written.write(5)
    with running_relay(database, settings) as running:
        eventually(lambda: "the broker lost records" in str(running.relay.problem))
        assert progress(database, settings).position == 40
        ask_for_rebuild(database, settings)
        until_relayed(database, settings, 45)
        with reader(database, settings, positions) as member:
            member.until_position(45)
            assert in_order(positions.applied[40:]) == in_order(written.records)
    assert sum(end_offsets(settings).values()) == 45


def test_a_record_of_somebody_else_is_passed_over(database: str, settings: KafkaSettings, written: Written):
    written.write(5)
    with running_relay(database, settings), reader(database, settings) as member:
        member.until_position(5)
        producer = KafkaProducer(bootstrap_servers=list(settings.bootstrap_servers))
        for partition in partitions():
            producer.send(settings.topic(partition.topic), b"not ours", partition=partition.number).get(10)
        producer.close()
        written.write(5)
        member.until_position(10)
        assert in_order(member.positions.applied) == in_order(written.records)


def test_metrics_tell_lag_and_progress(database: str, settings: KafkaSettings, written: Written):
    with running_relay(database, settings) as running:
        written.write(25)
        until_relayed(database, settings, 25)
        registry = running.metrics.registry

        def value(name: str) -> float | None:
            return registry.get_sample_value(name)

        eventually(lambda: value("ledgerline_relay_position") == 25)
        eventually(lambda: value("ledgerline_relay_lag_seconds") == 0)
        assert value("ledgerline_store_head_position") == 25
        assert value("ledgerline_relay_lag_events") == 0
        assert value("ledgerline_relay_events_total") == 25
