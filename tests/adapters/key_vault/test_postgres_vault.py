"""Keys in PostgreSQL: wrapped, shared by processes, forgotten when erased elsewhere."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from adapters.key_vault import PostgresKeyVault
from adapters.key_vault.key_cache import KeyCache
from commands.ports.key_vault import VaultUnavailable

MASTER = b"m" * 32


def test_keys_lie_in_a_schema_of_their_own_and_wrapped(empty_database: str) -> None:
    vault = PostgresKeyVault.open(empty_database, MASTER)
    key = vault.key_for("customer/A")
    with psycopg.connect(empty_database) as connection:
        rows = connection.execute("SELECT id, wrapped FROM vault.subject_keys").fetchall()
    assert [row[0] for row in rows] == [key.id]
    assert key.secret not in rows[0][1]
    vault.close()


def test_erasing_leaves_no_key_in_the_table(empty_database: str) -> None:
    vault = PostgresKeyVault.open(empty_database, MASTER)
    vault.key_for("customer/A")
    vault._erase("customer/A")
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("SELECT wrapped FROM vault.subject_keys").fetchall() == [(None,)]
    vault.close()


def test_two_processes_agree_on_a_key(empty_database: str) -> None:
    vaults = [PostgresKeyVault.open(empty_database, MASTER) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        keys = list(pool.map(lambda vault: vault.key_for("customer/A"), vaults))
    assert len(set(keys)) == 1
    for vault in vaults:
        vault.close()


def test_processes_that_make_many_keys_at_once_agree_on_all(empty_database: str) -> None:
    vaults = [PostgresKeyVault.open(empty_database, MASTER) for _ in range(4)]
    subjects = [f"customer/{n}" for n in range(60)]
    orders = [subjects, subjects[::-1], subjects[30:] + subjects[:30], subjects[::2] + subjects[1::2]]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda of: of[0].keys_for(of[1]), zip(vaults, orders, strict=True)))
    assert all(keys == found[0] for keys in found)
    for vault in vaults:
        vault.close()


def test_an_erasure_elsewhere_takes_effect_when_the_cache_is_over(empty_database: str) -> None:
    here = PostgresKeyVault.open(empty_database, MASTER, cache_seconds=0)
    there = PostgresKeyVault.open(empty_database, MASTER)
    key = here.key_for("customer/A")
    assert here.secrets([key.id]) == {key.id: key.secret}
    there._erase("customer/A")
    assert here.secrets([key.id]) == {}
    assert here.key_for("customer/A").id != key.id
    here.close()
    there.close()


def test_another_master_key_is_refused_at_the_start(empty_database: str) -> None:
    PostgresKeyVault.open(empty_database, MASTER).close()
    with pytest.raises(VaultUnavailable, match="does not open the key vault"):
        PostgresKeyVault.open(empty_database, b"x" * 32)


def test_a_wrapped_key_cannot_be_moved_to_another_name(empty_database: str) -> None:
    vault = PostgresKeyVault.open(empty_database, MASTER, cache_seconds=0)
    a, b = vault.key_for("customer/A"), vault.key_for("customer/B")
    with psycopg.connect(empty_database) as connection:
        connection.execute(
            "UPDATE vault.subject_keys SET wrapped = (SELECT wrapped FROM vault.subject_keys WHERE id = %s) WHERE id = %s",
            (a.id, b.id),
        )
    with pytest.raises(VaultUnavailable, match="was changed"):
        vault.secrets([b.id])
    vault.close()


def test_a_dead_connection_is_made_anew(empty_database: str) -> None:
    vault = PostgresKeyVault.open(empty_database, MASTER, cache_seconds=0)
    key = vault.key_for("customer/A")
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'ledgerline key vault' AND datname = current_database()"
        )
    assert vault.key_for("customer/A") == key
    vault.close()


def test_a_database_that_is_away_is_named_as_such() -> None:
    with pytest.raises(VaultUnavailable, match="does not answer"):
        PostgresKeyVault.open("postgresql://127.0.0.1:1/none", MASTER)


def test_the_cache_forgets_after_its_time_and_when_full() -> None:
    now = [0.0]
    cache: KeyCache[str, int] = KeyCache(5.0, lambda: now[0])
    cache.put("a", 1, cache.mark())
    now[0] = 4.9
    assert cache.get("a") == 1
    now[0] = 5.0
    assert cache.get("a") is None


def test_what_was_read_before_an_erasure_does_not_come_into_the_cache_after_it() -> None:
    cache: KeyCache[str, int] = KeyCache()
    mark = cache.mark()
    cache.clear()
    cache.put("a", 1, mark)
    assert cache.get("a") is None
