"""Personal fields: found wherever they are, encrypted in the store, readable as long as the key lives."""

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any, ClassVar
from uuid import uuid4

import pytest
from pydantic import Field

from adapters.event_store import Codec, PostgresEventStore
from adapters.event_store.personal import (
    ERASED,
    Each,
    Fields,
    Leaf,
    TamperedText,
    decrypt,
    encrypt,
    key_of,
    personal_shape,
)
from commands.ports.event_store import Write
from commands.ports.key_vault import SubjectKey
from domain.fact import Fact, Part, Personal, PersonalText
from domain.facts import FACTS
from domain.identity import reference_stream
from domain.reference.bodies import Address, CustomerBody
from domain.reference.events import CustomerSaved
from tests.adapters.event_store.samples import save
from tests.support.memory_vault import MemoryKeyVault

CUSTOMER = CustomerSaved(
    code="C-1",
    version=1,
    body=CustomerBody(
        code="C-1",
        name="Example Ltd",
        address=Address(lines=("1 Example Street",), city="Exampletown"),
        emails=("billing@example.com", "second@example.com"),
        metadata={"contact": "the person at the desk"},
    ),
)
CLEAR = ("Example Ltd", "1 Example Street", "Exampletown", "billing@example.com", "the person at the desk")


class Inner(Part):
    note: PersonalText
    code: str


class Everywhere(Fact):
    type: ClassVar[str] = "test.everywhere"
    plain: str
    text: Annotated[PersonalText, Field(max_length=2000)]
    optional: PersonalText | None = None
    many: tuple[PersonalText, ...] = ()
    by_name: dict[str, PersonalText] = Field(default_factory=dict)
    inner: Inner | None = None
    parts: tuple[Inner, ...] = ()
    parts_by_name: dict[str, tuple[Inner, ...]] = Field(default_factory=dict)
    marked: Annotated[str | None, Personal()] = None

    def data_subject(self) -> str | None:
        return "customer/C-1"


class WithoutSubject(Fact):
    type: ClassVar[str] = "test.without-subject"
    text: PersonalText | None = None


FULL = Everywhere(
    plain="plain",
    text="secret 1",
    optional="secret 2",
    many=("secret 3", "secret 4"),
    by_name={"a": "secret 5"},
    inner=Inner(note="secret 6", code="code"),
    parts=(Inner(note="secret 7", code="code"),),
    parts_by_name={"b": (Inner(note="secret 8", code="code"),)},
    marked="secret 9",
)


def codec(vault: MemoryKeyVault) -> Codec:
    return Codec(vault, facts={("test.everywhere", 1): Everywhere, ("test.without-subject", 1): WithoutSubject})


def test_marks_are_found_at_every_depth() -> None:
    inner = Fields({"note": Leaf()})
    assert personal_shape(Everywhere) == Fields(
        {
            "text": Leaf(),
            "optional": Leaf(),
            "many": Each(Leaf()),
            "by_name": Each(Leaf()),
            "inner": inner,
            "parts": Each(inner),
            "parts_by_name": Each(Each(inner)),
            "marked": Leaf(),
        }
    )
    assert personal_shape(Inner) == inner


def test_marks_that_could_not_be_honoured_are_refused() -> None:
    class Number(Part):
        age: Annotated[int, Personal()]

    class Keys(Part):
        by_person: dict[PersonalText, str]

    for model in (Number, Keys):
        with pytest.raises(TypeError):
            personal_shape(model)


def test_every_fact_with_personal_fields_names_its_subject() -> None:
    personal = [cls for cls in FACTS.values() if personal_shape(cls) is not None]
    assert CustomerSaved in personal
    assert [cls.type for cls in personal if cls.data_subject is Fact.data_subject] == []


def test_nothing_personal_is_stored_in_clear() -> None:
    vault = MemoryKeyVault()
    data = codec(vault).encode(FULL)
    assert b"secret" not in data
    stored = json.loads(data)
    assert (stored["plain"], stored["inner"]["code"], list(stored["by_name"])) == ("plain", "code", ["a"])
    assert stored["text"].startswith(f"enc:1:{vault.keys['customer/C-1'].id.hex}:")
    assert codec(vault).decode("test.everywhere", 1, data) == FULL


async def test_without_the_key_readers_see_that_it_was_erased() -> None:
    vault = MemoryKeyVault()
    data = codec(vault).encode(FULL)
    await vault.erase("customer/C-1")
    found = codec(vault).decode("test.everywhere", 1, data)
    assert isinstance(found, Everywhere)
    assert (found.plain, found.text, found.many, found.by_name) == ("plain", ERASED, (ERASED, ERASED), {"a": ERASED})
    assert found.inner == Inner(note=ERASED, code="code")


@pytest.mark.parametrize(
    "text", ["", "enc:1:", "enc:1:" + "0" * 32 + ":" + "A" * 60, "[erased]", "ü\n\U0001f9fe", '"\\', "x" * 2000]
)
def test_any_text_comes_back_also_one_that_looks_like_ciphertext(text: str) -> None:
    vault = MemoryKeyVault()
    fact = Everywhere(plain=text, text=text, many=(text,))
    assert codec(vault).decode("test.everywhere", 1, codec(vault).encode(fact)) == fact


def test_a_text_from_before_its_field_was_personal_is_read_as_it_is() -> None:
    for text in ("plain", "enc:1:", "enc:1:xyz:abc", "enc:2:" + "0" * 32 + ":" + "A" * 60):
        assert key_of(text) is None
        assert decrypt(text, {}) == text


def test_changed_ciphertext_is_no_text() -> None:
    key = SubjectKey(uuid4(), b"k" * 32)
    token = encrypt("secret", key)
    changed = token[:-3] + ("A" if token[-3] != "A" else "B") + token[-2:]
    with pytest.raises(TamperedText):
        decrypt(changed, {key.id: key.secret})


def test_twice_the_same_text_is_two_ciphertexts() -> None:
    key = SubjectKey(uuid4(), b"k" * 32)
    assert encrypt("same", key) != encrypt("same", key)


def test_personal_data_without_a_subject_is_not_stored() -> None:
    with pytest.raises(ValueError, match="names no data subject"):
        codec(MemoryKeyVault()).encode(WithoutSubject(text="somebody"))
    assert codec(MemoryKeyVault()).encode(WithoutSubject()) == b'{"text":null}'


def test_personal_data_without_a_vault_is_not_stored() -> None:
    with pytest.raises(ValueError, match="needs a key vault"):
        Codec().encode(CUSTOMER)


@pytest.fixture
async def opened(database: str) -> AsyncIterator[tuple[PostgresEventStore, MemoryKeyVault]]:
    vault = MemoryKeyVault()
    async with await PostgresEventStore.open(database, Codec(vault)) as store:
        yield store, vault


async def test_a_customer_is_stored_encrypted_and_erased(opened: tuple[PostgresEventStore, MemoryKeyVault]) -> None:
    store, vault = opened
    stream = reference_stream("customer", "C-1")
    await store.append(save(Write(await store.load(stream), (CUSTOMER,))))
    assert (await store.load(stream)).facts == (CUSTOMER,)
    (event,) = await store.history(stream)
    assert event.fact == CUSTOMER
    for text in CLEAR:
        assert text.encode() not in event.data
    await vault.erase("customer/C-1")
    (found,) = (await store.load(stream)).facts
    assert isinstance(found, CustomerSaved)
    assert (found.body.name, found.body.emails, found.body.metadata) == (ERASED, (ERASED, ERASED), {"contact": ERASED})
    assert (found.code, found.body.currency) == ("C-1", "EUR")
    after: Any = await store.history(stream)
    assert (after[0].data, after[0].hash) == (event.data, event.hash)
