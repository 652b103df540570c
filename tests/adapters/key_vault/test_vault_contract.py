"""What every key vault does."""

from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from adapters.key_vault import PostgresKeyVault
from commands.ports.key_vault import KeyVault
from tests.support.memory_vault import MemoryKeyVault

if TYPE_CHECKING:
    _both_fit_the_port: tuple[type[KeyVault], type[KeyVault]] = (PostgresKeyVault, MemoryKeyVault)


@pytest.fixture(params=["memory", "postgres"])
def vault(request: pytest.FixtureRequest) -> Iterator[KeyVault]:
    if request.param == "memory":
        yield MemoryKeyVault()
        return
    real = PostgresKeyVault.open(request.getfixturevalue("empty_database"), b"m" * 32)
    yield real
    real.close()


def test_a_subject_keeps_its_key(vault: KeyVault) -> None:
    key = vault.key_for("customer/A")
    assert vault.key_for("customer/A") == key
    assert len(key.secret) == 32
    assert vault.key_for("customer/B").secret != key.secret


def test_keys_of_several_subjects_are_those_of_each(vault: KeyVault) -> None:
    a = vault.key_for("customer/A")
    found = vault.keys_for(["customer/C", "customer/A", "customer/B", "customer/C"])
    assert found.keys() == {"customer/A", "customer/B", "customer/C"}
    assert found["customer/A"] == a
    assert vault.key_for("customer/B") == found["customer/B"]
    assert len({key.id for key in found.values()}) == 3
    assert vault.keys_for([]) == {}


def test_keys_are_found_by_their_names(vault: KeyVault) -> None:
    a, b = vault.key_for("customer/A"), vault.key_for("customer/B")
    assert vault.secrets([a.id, b.id, uuid4()]) == {a.id: a.secret, b.id: b.secret}
    assert vault.secrets([]) == {}


async def test_an_erased_key_is_gone_at_once(vault: KeyVault) -> None:
    a, b = vault.key_for("customer/A"), vault.key_for("customer/B")
    assert vault.secrets([a.id, b.id]).keys() == {a.id, b.id}
    assert await vault.erase("customer/A") is True
    assert vault.secrets([a.id, b.id]) == {b.id: b.secret}


async def test_erasing_again_or_nothing_changes_nothing(vault: KeyVault) -> None:
    vault.key_for("customer/A")
    assert await vault.erase("customer/A") is True
    assert await vault.erase("customer/A") is False
    assert await vault.erase("customer/none") is False


async def test_a_subject_written_about_again_gets_a_new_key(vault: KeyVault) -> None:
    old = vault.key_for("customer/A")
    await vault.erase("customer/A")
    new = vault.key_for("customer/A")
    assert new.id != old.id
    assert vault.secrets([old.id, new.id]) == {new.id: new.secret}


def test_a_key_does_not_show_its_secret(vault: KeyVault) -> None:
    key = vault.key_for("customer/A")
    assert key.secret.hex() not in repr(key)
    assert repr(key.secret) not in repr(key)
