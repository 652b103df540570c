"""Published schemas: one for each type, open to later fields, true of what is stored."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from adapters.kafka.cloudevents import Origin
from adapters.schemas.compatibility import breaks
from adapters.schemas.json_schema import UnknownType, body_of, index, schema_of
from domain.facts import FACTS, TOPICS
from tests.support.released_schemas import file_of, released

ORIGIN = Origin(schemas="https://shop.test/v1/schemas")


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from nodes(value)
    elif isinstance(node, list):
        for value in node:
            yield from nodes(value)


@pytest.mark.parametrize(("type_", "version"), sorted(FACTS))
def test_every_type_has_a_valid_schema_at_its_address(type_: str, version: int):
    schema = schema_of(type_, version, ORIGIN)
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"https://shop.test/v1/schemas/{type_}/{version}"
    assert schema["title"] == type_
    assert schema["description"]


def test_an_unknown_type_is_named():
    with pytest.raises(UnknownType, match=r"no event type 'provider-invoice\.eaten' in version 1"):
        schema_of("provider-invoice.eaten", 1, ORIGIN)


def test_the_index_lists_each_type_once_with_its_topic():
    entries = index(ORIGIN)
    assert [(e["type"], e["version"]) for e in entries] == sorted(FACTS)
    assert {e["topic"] for e in entries} <= set(TOPICS)
    offered = next(e for e in entries if e["type"] == "provider-invoice.usage-offered")
    assert offered["topic"] == "provider-invoice"
    assert offered["href"] == "https://shop.test/v1/schemas/provider-invoice.usage-offered/1"


def test_schemas_are_open_to_fields_that_come_later():
    for cls in FACTS.values():
        assert all(node.get("additionalProperties") is not False for node in nodes(body_of(cls)))


def test_a_personal_field_is_marked_and_may_hold_ciphertext_of_any_length():
    body = schema_of("customer.saved", 1, ORIGIN)["$defs"]["CustomerBody"]["properties"]
    assert body["name"] == {"type": "string", "personal": True}
    assert body["metadata"]["additionalProperties"]["personal"] is True


def test_schemas_are_the_same_on_every_run():
    first = json.dumps([schema_of(t, v, ORIGIN) for t, v in FACTS])
    assert json.dumps([schema_of(t, v, ORIGIN) for t, v in FACTS]) == first


def test_every_type_has_its_released_schema():
    missing = [key for key in FACTS if not file_of(*key).exists()]
    assert not missing, f"new types {missing}: run `python -m tests.support.released_schemas` and look at its output"


def test_a_published_type_only_gains_optional_fields():
    broken = {
        f"{type_} version {version}": found
        for type_, version, schema in released()
        if (found := breaks(schema, body_of(FACTS[type_, version])) if (type_, version) in FACTS else ("is gone",))
    }
    assert not broken, f"published types changed; make a new version beside the old one: {broken}"
