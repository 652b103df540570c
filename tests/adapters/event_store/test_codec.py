"""Stored bytes, and how versions of long ago are read."""

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from adapters.event_store.codec import MAX_EVENT_BYTES, Codec, EventTooLarge, UnreadableEvent
from domain.fact import Fact, Personal, PersonalText
from domain.reference.events import ProductRetired
from tests.support.memory_vault import MemoryKeyVault


class Old(Fact):
    type: ClassVar[str] = "test.moved"
    amount: str
    who: PersonalText

    def data_subject(self) -> str | None:
        return "person/1"


class Middle(Fact):
    type: ClassVar[str] = "test.moved"
    schema_version: ClassVar[int] = 2
    amount: str
    currency: str
    who: PersonalText


class New(Fact):
    type: ClassVar[str] = "test.moved"
    schema_version: ClassVar[int] = 3
    amount: str
    currency: str
    shout: str


def with_currency(value: dict[str, Any]) -> dict[str, Any]:
    return {**value, "currency": "EUR"}


def louder(value: dict[str, Any]) -> dict[str, Any]:
    return {"amount": value["amount"], "currency": value["currency"], "shout": value["who"].upper()}


VERSIONS: Mapping[tuple[str, int], type[Fact]] = {(cls.type, cls.schema_version): cls for cls in (Old, Middle, New)}


def test_stored_bytes_are_compact_json_with_every_field() -> None:
    data = Codec().encode(ProductRetired(code="ü", version=1))
    assert data == '{"code":"ü","version":1,"reason":null}'.encode()


def test_an_old_version_is_lifted_to_the_newest_step_by_step() -> None:
    vault = MemoryKeyVault()
    steps = {("test.moved", 1): with_currency, ("test.moved", 2): louder}
    stored = Codec(vault, facts={("test.moved", 1): Old}).encode(Old(amount="1.50", who="somebody"))
    assert b"somebody" not in stored
    codec = Codec(vault, facts=VERSIONS, upcasters=steps)
    assert codec.decode("test.moved", 1, stored) == New(amount="1.50", currency="EUR", shout="SOMEBODY")
    newest = New(amount="2", currency="USD", shout="X")
    assert codec.decode("test.moved", 3, codec.encode(newest)) == newest


def test_an_old_version_without_a_way_up_is_found_at_the_start() -> None:
    with pytest.raises(ValueError, match=r"test\.moved: no upcaster from version 2"):
        Codec(facts=VERSIONS, upcasters={("test.moved", 1): with_currency})


@pytest.mark.parametrize(
    ("type_", "version", "says"),
    [
        ("test.unheard-of", 1, "test.unheard-of version 1 cannot be read: this program has no such type"),
        ("product.retired", 7, "product.retired version 7 cannot be read: this program reads up to version 1"),
    ],
)
def test_what_this_program_does_not_know_is_named(type_: str, version: int, says: str) -> None:
    with pytest.raises(UnreadableEvent, match=says):
        Codec().decode(type_, version, b"{}")


@pytest.mark.parametrize("data", [b"{}", b"not json", b'{"code":"A","version":1,"reason":null,"more":1}'])
def test_bytes_that_do_not_fit_name_their_type(data: bytes) -> None:
    with pytest.raises(UnreadableEvent, match=r"product\.retired version 1 does not fit"):
        Codec().decode("product.retired", 1, data)


def test_an_event_over_the_limit_is_refused_with_its_size() -> None:
    with pytest.raises(EventTooLarge, match="262,144 are allowed: split it"):
        Codec().encode(ProductRetired(code="A", version=1, reason="x" * MAX_EVENT_BYTES))


def test_a_class_in_no_table_is_refused() -> None:
    class Stray(Fact):
        type: ClassVar[str] = "test.stray"

    with pytest.raises(ValueError, match="no table of stored names"):
        Codec().encode(Stray())


def test_the_mark_shows_in_the_published_schema() -> None:
    assert Old.model_json_schema()["properties"]["who"]["personal"] is True
    assert Personal() == Personal()
