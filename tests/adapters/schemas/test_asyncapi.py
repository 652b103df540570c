"""The AsyncAPI document says what the relay does."""

import json
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft7Validator

from adapters.kafka import cloudevents
from adapters.kafka.settings import KafkaSettings
from adapters.schemas.asyncapi import HEADERS, asyncapi
from domain.facts import FACTS, PARTITIONS
from tests.adapters.kafka.test_cloudevents import EVENT

SETTINGS = KafkaSettings(bootstrap_servers=("127.0.0.1:9092",), prefix="shop")
DOCUMENT = asyncapi(SETTINGS, "1.2.3")


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_every_reference_leads_somewhere():
    for reference in set(references(DOCUMENT)):
        node: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


def test_there_are_five_channels_with_our_names_and_partitions():
    channels = DOCUMENT["channels"]
    assert {c["address"] for c in channels.values()} == {f"shop.{topic}" for topic in PARTITIONS}
    for topic, channel in channels.items():
        assert channel["bindings"]["kafka"]["partitions"] == PARTITIONS[topic]
        assert channel["bindings"]["kafka"]["topicConfiguration"] == {"cleanup.policy": ["delete"], "retention.ms": -1}


def test_every_event_type_is_a_message_of_exactly_one_channel():
    listed = sorted(name for c in DOCUMENT["channels"].values() for name in c["messages"])
    assert listed == sorted(f"{type_}.v{version}" for type_, version in FACTS)


def test_its_headers_are_those_of_a_real_record():
    described = DOCUMENT["components"]["schemas"]["cloudevent-headers"]
    headers = {name: value.decode() for name, value in cloudevents.headers(EVENT, SETTINGS.origin)}
    Draft7Validator(described).validate(headers)
    assert set(headers) <= set(HEADERS)
    assert set(HEADERS) - set(cloudevents.REQUIRED) == {"ce_agent", "ce_causationid", "traceparent"}


def test_it_is_the_same_on_every_run():
    assert json.dumps(asyncapi(SETTINGS, "1.2.3")) == json.dumps(DOCUMENT)
