from decimal import Decimal

import pytest

from services.api.problems import Problem
from services.api.strict_json import MAX_DEPTH, canonical, loads


def test_numbers_with_a_point_are_exact():
    assert loads(b'{"total": 12.10}') == {"total": Decimal("12.10")}
    assert str(loads(b"0.1000000000000000055511151231257827")) == "0.1000000000000000055511151231257827"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty"),
        (b"   ", "empty"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": Infinity}', "Infinity"),
        (b'{"a": -Infinity}', "-Infinity"),
        (b'{"a": 1, "a": 2}', "'a' stands twice"),
        (b'{"a": {"b": 1, "b": 1}}', "'b' stands twice"),
        (b'{"a": 1', "line 1"),
        (b'{"a": 1}x', "Extra data"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b'{"a": "\\u0000"}', "zero character"),
        (b'{"a": "\\\\\\u0000"}', "zero character"),
        (b'{"a": "\x00"}', "zero character"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"a": 1' + b"0" * 500 + b"}", "400 characters"),
        (b'{"a": 1.' + b"0" * 500 + b"}", "400 characters"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "deeper than"),
        (b'{"a":' * 100_000, "deeper than"),
        (b"[" * 65 + b'"' + b'\\"' * 50_000, "deeper than"),
    ],
)
def test_what_has_no_single_meaning_is_refused(body: bytes, said: str):
    with pytest.raises(Problem) as refused:
        loads(body)
    assert refused.value.status_code == 400
    assert refused.value.code == "invalid-json"
    assert said in refused.value.detail


def test_brackets_in_texts_and_many_items_are_not_depth():
    assert loads(b'["' + b"[{" * 200 + b'"]') == ["[{" * 200]
    assert len(loads(b"[" + b",".join([b'{"a":[1]}'] * 500) + b"]")) == 500
    assert loads(b'"\\\\u0000"') == "\\u0000"
    assert loads(b'"\\ud83d\\ude00"') == "\N{GRINNING FACE}"


def test_the_digest_does_not_mind_spaces_and_order():
    assert canonical(loads(b'{"b": 1.50, "a": [true, null]}')) == canonical(loads(b'{"a":[true,null],"b":1.50}'))
    assert canonical(loads(b'{"a": 1}')) != canonical(loads(b'{"a": "1"}'))
