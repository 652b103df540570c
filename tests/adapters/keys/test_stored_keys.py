import asyncio

import pytest

from adapters.keys import StoredKeys
from adapters.keys.stored_keys import CACHE_SECONDS
from commands.keys.create import create_key, make_first_key
from commands.keys.revoke import revoke_key
from commands.keys.secret import digest_of
from tests.support.origins import NOW, origin


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def keys(record, clock):
    return StoredKeys(record.pool, clock)


async def test_a_key_is_found_by_the_hash_of_its_secret(record, keys):
    done = await create_key(
        record.store, origin(), subject="svc", roles=["auditor", "viewer"], entropy=bytes(32), delegate=True
    )
    made = done.outcome
    known = await keys.find(digest_of(made.secret))
    assert (known.key, known.subject, known.roles, known.delegate) == (made.key, "svc", {"viewer", "auditor"}, True)
    assert (known.expires_at, known.revoked) == (None, False)
    assert await keys.find(digest_of("ll_other")) is None
    assert [k.subject for k in await keys.all()] == ["svc"]
    assert (await record.rows("SELECT created_at FROM api_keys")) == [(NOW,)]


async def test_a_revocation_is_known_everywhere_within_two_seconds(record, keys, clock):
    made = (await create_key(record.store, origin(), subject="s", roles=["viewer"], entropy=bytes(32))).outcome
    digest = digest_of(made.secret)
    assert not (await keys.find(digest)).revoked
    await revoke_key(record.store, origin(), made.key)
    clock.now += CACHE_SECONDS - 0.001
    assert not (await keys.find(digest)).revoked
    clock.now += 0.001
    assert (await keys.find(digest)).revoked


async def test_the_process_that_revokes_knows_at_once(record, keys):
    made = (await create_key(record.store, origin(), subject="s", roles=["viewer"], entropy=bytes(32))).outcome
    await keys.find(digest_of(made.secret))
    await revoke_key(record.store, origin(), made.key)
    keys.forget()
    assert (await keys.find(digest_of(made.secret))).revoked


async def test_of_many_first_starts_one_makes_the_key(record, keys):
    made = await asyncio.gather(*(make_first_key(record.store, origin(), bytes([n]) * 32) for n in range(8)))
    [first] = [m for m in made if m]
    assert (await keys.find(digest_of(first.secret))).roles == {"admin"}
    assert len(await record.rows("SELECT FROM api_keys")) == 1
    assert await record.store.head() == 1
