"""What the relay survives: a broker that is away, its own death, the death of partition leaders."""

import random
from collections.abc import Iterator

import httpx
import pytest

from adapters.feed.kafka_feed import KafkaFeed
from adapters.feed.store_source import connect_to
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import delete_topics
from projections.ports.feed import FeedRecord
from tests.support.feeding import (
    Member,
    Positions,
    Written,
    as_read,
    in_order,
    progress,
    running_relay,
    until_relayed,
)
from tests.support.kafka.cluster import KafkaCluster, running_cluster
from tests.support.kafka.jars import KafkaUnavailable
from tests.support.kafka_broker import Kafka
from tests.support.ports import free_port
from tests.support.processes import Processes
from tests.support.waiting import eventually


@pytest.fixture
def own_node(kafka: Kafka) -> Iterator[KafkaCluster]:
    """One node of this test's own, to kill; where the shared one could be had, this one can."""
    assert kafka.bootstrap_servers
    try:
        running = running_cluster(1)
        node = running.__enter__()
    except KafkaUnavailable as why:
        pytest.skip(f"no Kafka broker: {why}")
    yield node
    running.__exit__(None, None, None)


def member(url: str, settings: KafkaSettings) -> Member:
    return Member(KafkaFeed(settings, f"{settings.prefix}.readers", connect_to(url)), Positions())


def assert_all_came_in_order(applied: list[FeedRecord], written: Written) -> int:
    """Each event came, in the order of its stream after skipping what is not above; returns the repeats."""
    at: dict[str, int] = {}
    fresh = []
    for record in applied:
        if record.stream_version <= at.get(record.subject, 0):
            continue
        assert record.stream_version == at.get(record.subject, 0) + 1, f"{record.subject}: one is missing"
        at[record.subject] = record.stream_version
        fresh.append(record)
    assert in_order(fresh) == in_order(written.records)
    stored = {record.position: as_read(record) for record in written.records}
    assert all(as_read(record) == stored[record.position] for record in applied), "a repeat is the same event"
    return len(applied) - len(fresh)


def test_a_broker_that_is_away_costs_nothing_but_time(database: str, own_node: KafkaCluster):
    settings = KafkaSettings(bootstrap_servers=(own_node.bootstrap_servers,), session_timeout=6.0, connect_timeout=1.0)
    written = Written(database)
    reader = member(database, settings)
    with running_relay(database, settings) as running:
        written.write(50)
        reader.until_position(50)
        own_node.kill(1)
        for _ in range(10):
            written.write(20)
            reader.step(timeout=0.01)
        assert progress(database, settings).position == 50
        own_node.start(1)
        reader.until_position(250, within=90)
        assert_all_came_in_order(reader.positions.applied, written)
        eventually(lambda: running.relay.problem is None and reader.feed.problem() is None)
        written.write(50)
        reader.until_position(300)
        assert_all_came_in_order(reader.positions.applied, written)
    reader.feed.close()


@pytest.mark.processes
def test_a_relay_killed_at_random_repeats_but_never_skips(database: str, kafka: Kafka, processes: Processes):
    settings = KafkaSettings(bootstrap_servers=(kafka.bootstrap_servers,), prefix=kafka.prefix, session_timeout=6.0)
    written = Written(database)
    reader = member(database, settings)
    relay = processes.ledgerline(
        "relay",
        LEDGERLINE_DATABASE_URL=database,
        LEDGERLINE_KAFKA_BOOTSTRAP_SERVERS=kafka.bootstrap_servers,
        LEDGERLINE_KAFKA_TOPIC_PREFIX=kafka.prefix,
        LEDGERLINE_KAFKA_REPLICATION="1",
        LEDGERLINE_KAFKA_MIN_INSYNC="1",
        LEDGERLINE_OPERATIONS_PORT=str(free_port()),
    )
    chance = random.Random(7)
    for _ in range(10):
        before = progress(database, settings).position
        written.write(600)
        target = before + chance.randint(1, 550)
        eventually(lambda t=target: progress(database, settings).position >= t, every=0.001, within=60)  # type: ignore[misc]
        relay.kill()
        reader.step()
        relay.start()
    written.write(10)  # so that the last one started is at work when it is told to stop
    head = written.records[-1].position
    until_relayed(database, settings, head, within=120)
    reader.until_position(head, within=120)
    repeats = assert_all_came_in_order(reader.positions.applied, written)
    assert repeats < len(written.records), "a crash repeats a batch, not everything"
    assert relay.stop() == 0
    reader.feed.close()
    delete_topics(settings)


@pytest.mark.processes
def test_the_relay_process_tells_how_it_is_and_drains_on_sigterm(database: str, kafka: Kafka, processes: Processes):
    settings = KafkaSettings(bootstrap_servers=(kafka.bootstrap_servers,), prefix=kafka.prefix)
    written = Written(database)
    port = free_port()
    relay = processes.ledgerline(
        "relay",
        LEDGERLINE_DATABASE_URL=database,
        LEDGERLINE_KAFKA_BOOTSTRAP_SERVERS=kafka.bootstrap_servers,
        LEDGERLINE_KAFKA_TOPIC_PREFIX=kafka.prefix,
        LEDGERLINE_KAFKA_REPLICATION="1",
        LEDGERLINE_KAFKA_MIN_INSYNC="1",
        LEDGERLINE_OPERATIONS_PORT=str(port),
    )
    for page in ("healthz", "readyz", "metrics"):
        relay.wait_for_url(f"http://127.0.0.1:{port}/{page}")
    written.write(100)
    until_relayed(database, settings, 100)
    assert relay.stop() == 0
    assert "Traceback" not in relay.output()
    delete_topics(settings)


@pytest.mark.processes
def test_without_a_broker_the_relay_waits_and_says_so(database: str, processes: Processes):
    port, nowhere = free_port(), free_port()
    relay = processes.ledgerline(
        "relay",
        LEDGERLINE_DATABASE_URL=database,
        LEDGERLINE_KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{nowhere}",
        LEDGERLINE_OPERATIONS_PORT=str(port),
    )
    relay.wait_for_url(f"http://127.0.0.1:{port}/healthz")

    def told() -> bool:
        ready = httpx.get(f"http://127.0.0.1:{port}/readyz")
        return ready.status_code == 503 and f"no Kafka broker answers at 127.0.0.1:{nowhere}" in ready.text

    relay.wait_until(told)
    assert relay.stop() == 0


@pytest.mark.kafka
@pytest.mark.timeout(300)
def test_leaders_killed_in_turn_lose_nothing(database: str, kafka_cluster: KafkaCluster):
    settings = KafkaSettings(
        bootstrap_servers=tuple(kafka_cluster.bootstrap_servers.split(",")),
        replication=3,
        min_insync=2,
        session_timeout=6.0,
        connect_timeout=1.0,
    )
    written = Written(database)
    reader = member(database, settings)
    with running_relay(database, settings):
        written.write(100)
        reader.until_position(100, within=90)
        for round_ in range(3):
            leader = kafka_cluster.leader_of(settings.topic("provider-invoice"), partition=round_)
            kafka_cluster.kill(leader)
            for _ in range(5):
                written.write(40)
                reader.step()
            reader.until_position(written.records[-1].position, within=120)
            kafka_cluster.start(leader)
        assert_all_came_in_order(reader.positions.applied, written)
    reader.feed.close()
