"""The AsyncAPI 3.0 document: five channels, each with its messages, keys and headers."""

from typing import Any

from adapters.kafka.cloudevents import REQUIRED
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import wanted_configs
from adapters.schemas.json_schema import Schema, body_of, topic_of
from domain.fact import Topic
from domain.facts import FACTS, PARTITIONS, TOPICS

HEADERS: dict[str, tuple[str, Schema]] = {
    "ce_specversion": ("CloudEvents version", {"const": "1.0"}),
    "ce_id": ("The event's id; a repeat has the same", {"format": "uuid"}),
    "ce_type": ("Stored name of the event type", {}),
    "ce_source": ("The installation", {"format": "uri-reference"}),
    "ce_subject": ("`kind/id` of the stream", {}),
    "ce_time": ("When it happened", {"format": "date-time"}),
    "ce_dataschema": ("Address of the value's JSON Schema, ending in /TYPE/VERSION", {"format": "uri"}),
    "ce_sequence": ("Position in the whole record, 20 digits; grows within a key, with gaps", {}),
    "ce_streamversion": ("Version of the stream after this event, from 1, without gaps", {}),
    "ce_partitionkey": ("The record's key", {"format": "uuid"}),
    "ce_commitid": ("Shared by all records of one transaction", {}),
    "ce_commitsize": ("How many events that transaction has, over all topics", {}),
    "ce_commandid": ("The command that led to it", {"format": "uuid"}),
    "ce_correlationid": ("Ties together all that one request led to", {}),
    "ce_causationid": ("Id of the event that led to the command, if one did", {}),
    "ce_actor": ("Who did it", {}),
    "ce_agent": ("The key that acted for the actor, if another", {}),
    "ce_businessdate": ("The day it counts for, in `ce_timezone`", {"format": "date"}),
    "ce_timezone": ("IANA name of the zone of that day", {}),
    "ce_recordedtime": ("When it was stored; never goes back", {"format": "date-time"}),
    "ce_hash": ("Hex SHA-256 of the event, chained to its predecessor", {}),
    "ce_previoushash": ("The predecessor's hash in the stream; 64 zeros for the first", {}),
    "traceparent": ("W3C trace context, if there was one", {}),
    "content-type": ("Of the value", {"const": "application/json"}),
}
"""Name -> what it says, and what is known of its text."""


def asyncapi(settings: KafkaSettings, version: str) -> dict[str, Any]:
    """The document for an installation's topics; `version` is that of the interface. Same input, same document."""
    messages = {f"{type_}.v{number}": (type_, number) for type_, number in sorted(FACTS)}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Ledgerline events",
            "version": version,
            "description": (
                "All that happened, in order within each key, for ever. Apply by (ce_subject, ce_streamversion): skip "
                "what is not above your own version, stop if one is missing. A type only ever gains optional fields."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic: _channel(settings, topic) for topic in TOPICS},
        "operations": {
            f"publish-{topic}": {
                "action": "send",
                "channel": {"$ref": f"#/channels/{topic}"},
                "summary": f"The relay publishes every event of {topic} in the order it was stored.",
            }
            for topic in TOPICS
        },
        "components": {
            "messages": {name: _message(*key) for name, key in messages.items()},
            "messageTraits": {"cloudevent": {"headers": {"$ref": "#/components/schemas/cloudevent-headers"}}},
            "schemas": {
                "cloudevent-headers": _headers(),
                **{name: _moved(body_of(FACTS[key]), name) for name, key in messages.items()},
            },
        },
    }


def _channel(settings: KafkaSettings, topic: Topic) -> dict[str, Any]:
    names = [f"{type_}.v{n}" for (type_, n), cls in sorted(FACTS.items()) if topic_of(cls) == topic]
    configs = wanted_configs(settings)
    return {
        "address": settings.topic(topic),
        "description": f"{PARTITIONS[topic]} partitions by key; kept for ever, never compacted.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {
            "kafka": {
                "topic": settings.topic(topic),
                "partitions": PARTITIONS[topic],
                "replicas": settings.replication,
                "topicConfiguration": {"cleanup.policy": [configs["cleanup.policy"]], "retention.ms": -1},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _message(type_: str, number: int) -> dict[str, Any]:
    cls = FACTS[type_, number]
    return {
        "name": type_,
        "title": f"{type_}, version {number}",
        "summary": (cls.__doc__ or "").strip().partition("\n")[0],
        "contentType": "application/json",
        "traits": [{"$ref": "#/components/messageTraits/cloudevent"}],
        "payload": {"$ref": f"#/components/schemas/{type_}.v{number}"},
        "bindings": {"kafka": {"key": {"type": "string", "format": "uuid"}, "bindingVersion": "0.5.0"}},
    }


def _headers() -> Schema:
    return {
        "type": "object",
        "required": sorted(REQUIRED),
        "properties": {
            name: {"type": "string", "description": words, **extra} for name, (words, extra) in HEADERS.items()
        },
    }


def _moved(schema: Schema, name: str) -> Schema:
    """References as seen from the whole document."""
    return {key: _moved_value(key, value, name) for key, value in schema.items()}


def _moved_value(keyword: str, value: object, name: str) -> object:
    if keyword == "$ref" and isinstance(value, str):
        return value.replace("#/$defs/", f"#/components/schemas/{name}/$defs/")
    if isinstance(value, dict):
        return _moved(value, name)
    if isinstance(value, list):
        return [_moved(item, name) if isinstance(item, dict) else item for item in value]
    return value
