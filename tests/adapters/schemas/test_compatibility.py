"""Which changes of a published type its readers would stumble over."""

from copy import deepcopy
from typing import Any

import pytest

from adapters.schemas.compatibility import breaks

RELEASED: dict[str, Any] = {
    "type": "object",
    "description": "As released.",
    "$defs": {"Totals": {"type": "object", "properties": {"sum": {"type": "string"}}, "required": ["sum"]}},
    "properties": {
        "totals": {"$ref": "#/$defs/Totals"},
        "kind": {"enum": ["a", "b"], "type": "string"},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "parts": {"type": "array", "items": {"$ref": "#/$defs/Totals"}},
    },
    "required": ["totals", "kind"],
}


def changed(**properties: Any) -> dict[str, Any]:
    schema = deepcopy(RELEASED)
    schema["properties"].update(properties)
    return schema


def test_the_same_schema_breaks_nothing():
    assert breaks(RELEASED, deepcopy(RELEASED)) == ()


def test_a_new_optional_field_breaks_nothing_also_deep_inside():
    schema = changed(later={"type": "string", "default": ""})
    schema["$defs"]["Totals"]["properties"]["tax"] = {"type": "string", "default": "0"}
    assert breaks(RELEASED, schema) == ()


def test_other_words_and_another_name_of_a_part_break_nothing():
    schema = deepcopy(RELEASED)
    schema["description"] = "Said better."
    schema["$defs"]["Sums"] = schema["$defs"].pop("Totals")
    schema["properties"]["totals"] = {"$ref": "#/$defs/Sums"}
    schema["properties"]["parts"]["items"] = {"$ref": "#/$defs/Sums"}
    assert breaks(RELEASED, schema) == ()


def test_a_new_required_field_breaks():
    schema = changed(later={"type": "string"})
    schema["required"].append("later")
    assert breaks(RELEASED, schema) == ("$.later: is new and is required",)


def test_a_field_that_is_gone_breaks():
    schema = deepcopy(RELEASED)
    del schema["properties"]["note"]
    assert breaks(RELEASED, schema) == ("$.note: was there, is gone",)


def test_a_field_that_was_always_there_must_stay_so():
    schema = deepcopy(RELEASED)
    schema["required"] = ["totals"]
    assert breaks(RELEASED, schema) == ("$.kind: was always there, is optional",)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"kind": {"enum": ["a", "b", "c"], "type": "string"}}, "$.kind enum"),
        ({"kind": {"enum": ["a", "b"], "type": "integer"}}, "$.kind type"),
        ({"note": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None}}, "$.note anyOf[0] type"),
        ({"note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": "-"}}, "$.note default"),
        ({"parts": {"type": "array", "items": {"type": "string"}}}, "$.parts items"),
    ],
)
def test_another_meaning_of_a_field_breaks(change: dict[str, Any], path: str):
    assert breaks(RELEASED, changed(**change))[0].startswith(path)


def test_a_change_inside_a_part_is_found_wherever_it_is_used():
    schema = deepcopy(RELEASED)
    schema["$defs"]["Totals"]["properties"]["sum"] = {"type": "number"}
    assert breaks(RELEASED, schema) == (
        "$.totals.sum type: was 'string', is 'number'",
        "$.parts items.sum type: was 'string', is 'number'",
    )
