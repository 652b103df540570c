"""Every event that was ever released is still read: golden files of stored bytes, one a type and version.

`python -m tests.support.golden` writes the file of a new type. A file that was released is never changed.
"""

import json
from typing import Any

import pytest

from domain.facts import FACTS
from tests.support.golden import CODEC, FOLDER, file_of

FILES = sorted(FOLDER.glob("*.json"))


def differences(golden: Any, now: Any, place: str = "") -> list[str]:
    """Where `now` lacks or changes what is in `golden`; more fields are no difference."""
    if isinstance(golden, dict) and isinstance(now, dict):
        found = [f"{place}/{name} is gone" for name in golden if name not in now]
        return found + [
            d for name in golden if name in now for d in differences(golden[name], now[name], f"{place}/{name}")
        ]
    if isinstance(golden, list) and isinstance(now, list) and len(golden) == len(now):
        return [d for n, (a, b) in enumerate(zip(golden, now, strict=True)) for d in differences(a, b, f"{place}/{n}")]
    if isinstance(golden, str) and golden.startswith("enc:1:"):
        return [] if isinstance(now, str) and now.startswith("enc:1:") else [f"{place} is no longer encrypted"]
    return [] if golden == now else [f"{place}: {golden!r} became {now!r}"]


@pytest.mark.parametrize(("type_", "version"), sorted(FACTS))
def test_every_type_and_version_has_a_golden_file(type_: str, version: int) -> None:
    assert file_of(type_, version).exists(), "run `python -m tests.support.golden` and commit what it writes"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_golden_bytes_are_read_and_written_as_they_were(path: Any) -> None:
    type_, _, version = path.stem.rpartition(".v")
    assert (type_, int(version)) in FACTS, "a released type or version was removed; its events are still in stores"
    data = path.read_bytes().rstrip(b"\n")
    fact = CODEC.decode(type_, int(version), data)
    if fact.schema_version == int(version):
        again = CODEC.encode(fact)
        assert differences(json.loads(data), json.loads(again)) == []
        assert (b"enc:1:" in data) == CODEC.is_personal(type_, int(version))


def test_a_lost_field_and_a_changed_value_would_be_seen() -> None:
    golden = {"a": [{"b": "1.50"}], "c": None}
    assert differences(golden, {"a": [{"b": "1.50", "new": 1}], "c": None}) == []
    assert differences(golden, {"a": [{}], "c": None}) == ["/a/0/b is gone"]
    assert differences(golden, {"a": [{"b": "1.5"}], "c": None}) == ["/a/0/b: '1.50' became '1.5'"]
    assert differences({"p": "enc:1:x"}, {"p": "clear"}) == ["/p is no longer encrypted"]
