"""The five topics on a real broker."""

from dataclasses import replace

import pytest
from kafka.errors import InvalidReplicationFactorError

from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import BrokerAway, TopicsDiffer, create_topics, delete_topics, end_offsets, partitions
from domain.facts import TOPICS
from tests.support.kafka.cluster import admin
from tests.support.kafka_broker import Kafka
from tests.support.ports import free_port
from tests.support.waiting import eventually


@pytest.fixture
def settings(kafka: Kafka):
    settings = KafkaSettings(bootstrap_servers=(kafka.bootstrap_servers,), prefix=kafka.prefix)
    yield settings
    delete_topics(settings)


def test_they_are_made_once_with_their_partitions(settings: KafkaSettings):
    first = create_topics(settings)
    assert set(first.made) == {settings.topic(topic) for topic in TOPICS}
    again = create_topics(settings)
    assert (again.made, set(again.found)) == ((), set(first.made))
    assert end_offsets(settings) == dict.fromkeys(partitions(), 0)


def test_only_what_is_missing_is_made(settings: KafkaSettings, kafka: Kafka):
    create_topics(settings)
    with admin(kafka.bootstrap_servers) as client:
        client.delete_topics([settings.topic("operations")])
        eventually(lambda: settings.topic("operations") not in client.list_topics(), every=0.1)
    assert create_topics(settings).made == (settings.topic("operations"),)


def test_a_topic_with_other_settings_is_named_and_left_alone(settings: KafkaSettings, kafka: Kafka):
    with admin(kafka.bootstrap_servers) as client:
        wrong = {"num_partitions": 3, "replication_factor": 1, "configs": {"cleanup.policy": "compact"}}
        client.create_topics({settings.topic("operations"): wrong}, wait_for_metadata=True)
    with pytest.raises(TopicsDiffer, match="has 3 partitions and must have 1") as error:
        create_topics(settings)
    assert f"topic {settings.topic('operations')} has cleanup.policy=compact and should have delete" in str(error.value)
    with admin(kafka.bootstrap_servers) as client:
        assert settings.topic("provider-invoice") not in client.list_topics()


def test_too_few_brokers_for_the_replication_is_the_brokers_own_error(settings: KafkaSettings):
    with pytest.raises(InvalidReplicationFactorError, match=r"can't be created"):
        create_topics(replace(settings, replication=3, min_insync=2))


def test_no_broker_is_said_with_its_address():
    nowhere = KafkaSettings(bootstrap_servers=(f"127.0.0.1:{free_port()}",), connect_timeout=0.5)
    with pytest.raises(BrokerAway, match=r"no Kafka broker answers at 127\.0\.0\.1:"):
        create_topics(nowhere)
