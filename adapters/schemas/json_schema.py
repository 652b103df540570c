"""JSON Schema of an event's value, as published: open to fields that come later.

Published is the format, not the rules that were checked on the way in: lengths, patterns and limits are left out, so
that loosening one is no new version, and because a personal field holds ciphertext, which knows none of them.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from adapters.kafka.cloudevents import Origin
from domain.fact import Fact, Topic
from domain.facts import FACTS, TOPIC_OF_KIND

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_RULES_OF_INPUT = frozenset(
    {
        *("minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "title"),
        *("ge", "gt", "le", "lt"),  # what pydantic writes for decimals, which are texts in JSON
    }
)


class UnknownType(KeyError):
    """No event of this type and version was ever published."""

    def __init__(self, type_: str, version: int) -> None:
        super().__init__(f"there is no event type {type_!r} in version {version}; GET /schemas lists them all")


def topic_of(cls: type[Fact]) -> Topic:
    """The topic on which a type is published: that of the streams its name begins with."""
    return TOPIC_OF_KIND[cls.type.partition(".")[0]]


def schema_of(type_: str, version: int, origin: Origin) -> Schema:
    """The JSON Schema (2020-12) of one event type and version; UnknownType when there is none."""
    cls = FACTS.get((type_, version))
    if cls is None:
        raise UnknownType(type_, version)
    return {"$schema": DIALECT, "$id": f"{origin.schemas}/{type_}/{version}", **body_of(cls)}


def index(origin: Origin) -> list[Schema]:
    """All published types and versions, by name, with the address of each schema."""
    return [
        {
            "type": type_,
            "version": version,
            "topic": topic_of(cls),
            "description": _first_line(cls),
            "href": f"{origin.schemas}/{type_}/{version}",
        }
        for (type_, version), cls in sorted(FACTS.items())
    ]


def body_of(cls: type[Fact]) -> Schema:
    """The schema without its address; keys in alphabetical order, but for the title."""
    return {**_published(cls), "title": cls.type}


def _first_line(cls: type[Fact]) -> str:
    return (cls.__doc__ or "").strip().partition("\n")[0]


@cache
def _published(cls: type[Fact]) -> Schema:
    return _schema(cls.model_json_schema(mode="serialization"))


def _schema(node: Mapping[str, object]) -> Schema:
    return {key: _value(key, value) for key, value in sorted(node.items()) if _kept(key, value)}


def _kept(keyword: str, value: object) -> bool:
    return keyword not in _RULES_OF_INPUT and not (keyword == "additionalProperties" and value is False)


def _value(keyword: str, value: object) -> object:
    if keyword in {"properties", "$defs"} and isinstance(value, Mapping):  # what is named in there is no keyword
        return {name: _schema(schema) for name, schema in sorted(value.items())}
    if keyword == "required" and isinstance(value, list):
        return sorted(value)
    if keyword in {"default", "enum", "const", "examples"}:
        return value
    if isinstance(value, Mapping):
        return _schema(value)
    if isinstance(value, list):
        return [_schema(item) if isinstance(item, Mapping) else item for item in value]
    return value
