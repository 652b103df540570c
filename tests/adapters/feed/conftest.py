"""Both feeds behind one fixture: straight from the event store, and through a real broker with a relay beside."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import pytest

from adapters.feed.event_store_feed import EventStoreFeed
from adapters.feed.kafka_feed import KafkaFeed
from adapters.feed.store_source import connect_to
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import BrokerAway, create_topics, delete_topics
from domain.facts import TOPICS
from projections.ports.feed import Feed
from tests.support.feeding import Member, Positions, Written, running_relay
from tests.support.kafka_broker import Kafka

MakeFeed = Callable[..., Feed]


class Feeds:
    """Makes members of one group over one store; all are closed at the end."""

    def __init__(self, url: str, make: MakeFeed) -> None:
        self.written = Written(url)
        self.positions = Positions()
        self._make = make
        self._feeds: list[Feed] = []

    def feed(self, topics: Sequence[str] = TOPICS) -> Feed:
        feed = self._make(topics)
        self._feeds.append(feed)
        return feed

    def member(self, topics: Sequence[str] = TOPICS, positions: Positions | None = None) -> Member:
        return Member(self.feed(topics), positions or self.positions)

    def close(self) -> None:
        for feed in self._feeds:
            feed.close()


@contextmanager
def topics_of(kafka: Kafka) -> Iterator[KafkaSettings]:
    """Topics of this test's own."""
    settings = KafkaSettings(bootstrap_servers=(kafka.bootstrap_servers,), prefix=kafka.prefix, session_timeout=6.0)
    create_topics(settings)
    try:
        yield settings
    finally:
        with suppress(BrokerAway):
            delete_topics(settings)


@pytest.fixture
def topics(kafka: Kafka) -> Iterator[KafkaSettings]:
    with topics_of(kafka) as settings:
        yield settings


@pytest.fixture
def kafka_feeds(topics: KafkaSettings, database: str) -> Iterator[Feeds]:
    def make(names: Sequence[str]) -> Feed:
        return KafkaFeed(topics, f"{topics.prefix}.readers", connect_to(database), names)

    with running_relay(database, topics):
        made = Feeds(database, make)
        yield made
        made.close()


@pytest.fixture
def store_feeds(database: str) -> Iterator[Feeds]:
    made = Feeds(database, lambda names: EventStoreFeed(connect_to(database), "readers", names))
    yield made
    made.close()


@pytest.fixture(params=["store_feeds", pytest.param("kafka_feeds", marks=pytest.mark.kafka)])
def feeds(request: pytest.FixtureRequest) -> Feeds:
    made: Feeds = request.getfixturevalue(request.param)
    return made
