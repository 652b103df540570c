import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from commands.keys.authenticate import Unauthenticated, authenticate
from commands.keys.create import create_key, make_first_key
from commands.keys.revoke import revoke_key
from commands.keys.rows import KeyEnded, KeyMade
from commands.keys.secret import digest_of, secret_of
from commands.ports.event_store import Save, Write
from commands.ports.keys import KnownKey
from domain.identity import Stream
from domain.operations.events import ProviderSyncStarted
from domain.rejected import Rejected
from tests.support.memory_store import MemoryEventStore
from tests.support.origins import NOW, origin

ENTROPY = bytes(range(32))


class KeysOfRows:
    """What the table of keys would hold."""

    def __init__(self, store):
        self.store = store

    async def find(self, secret_sha256):
        ended = {row.key for row in self.store.rows if isinstance(row, KeyEnded)}
        for row in self.store.rows:
            if isinstance(row, KeyMade) and row.created.secret_sha256 == secret_sha256:
                made = row.created
                return KnownKey(
                    made.key, made.subject, frozenset(made.roles), made.delegate, made.expires_at, made.key in ended
                )
        return None


@pytest.fixture
def store():
    return MemoryEventStore()


async def make(store, **options):
    asked = {"subject": "billing", "roles": ["operator"], "entropy": ENTROPY}
    return (await create_key(store, origin(), **{**asked, **options})).outcome


async def who(store, authorization, person=None, now=NOW):
    return await authenticate(KeysOfRows(store), authorization, person, now)


async def why(store, authorization, **options):
    with pytest.raises(Unauthenticated) as info:
        await who(store, authorization, **options)
    return info.value.why


async def test_a_key_opens_and_only_its_hash_is_kept(store):
    made = await make(store)
    assert made.secret.startswith("ll_")
    assert len(made.secret) == 46
    caller = await who(store, f"Bearer {made.secret}")
    assert (caller.subject, caller.actor, caller.agent, caller.roles) == ("billing", "billing", None, {"operator"})
    assert made.secret.encode() not in b"".join(e.data for e in store.events)
    assert digest_of(made.secret).encode() in store.events[0].data


async def test_the_same_bytes_make_it_once(store):
    assert await make(store) == await make(store)
    assert len(store.events) == 1


async def test_each_reason_is_its_own_inside(store):
    made = await make(store, expires_at=NOW + timedelta(hours=1))
    bearer = f"Bearer {made.secret}"
    assert await why(store, None) == "missing"
    assert await why(store, "Basic abc") == "malformed"
    assert await why(store, f"Bearer {made.secret}x") == "malformed"
    assert await why(store, f"Bearer {secret_of(bytes(32))}") == "unknown"
    assert await why(store, bearer, now=NOW + timedelta(hours=1)) == "expired"
    await revoke_key(store, origin(), made.key, "lost")
    assert await why(store, bearer) == "revoked"
    assert (await revoke_key(store, origin(), made.key)).position == 0


async def test_a_key_with_delegate_acts_for_a_person(store):
    made = await make(store, delegate=True)
    caller = await who(store, f"Bearer {made.secret}", "  alice ")
    assert (caller.actor, caller.agent, caller.key_subject) == ("alice", "billing", "billing")
    with pytest.raises(Rejected, match="invalid-person"):
        await who(store, f"Bearer {made.secret}", "a\nb")


async def test_a_key_without_delegate_does_not(store):
    made = await make(store)
    with pytest.raises(Rejected, match="delegation-not-allowed") as info:
        await who(store, f"Bearer {made.secret}", "alice")
    assert info.value.kind == "forbidden"


async def test_the_first_key_is_made_once_on_an_empty_store(store):
    made = await asyncio.gather(*(make_first_key(store, origin(), bytes([n]) * 32) for n in range(1, 9)))
    [first] = [m for m in made if m]
    caller = await who(store, f"Bearer {first.secret}")
    assert (caller.roles, caller.may("key.create"), caller.may("customer-invoice.approve")) == ({"admin"}, True, False)
    assert await make_first_key(store, origin(), bytes(32)) is None


async def test_who_asks_again_with_the_same_bytes_gets_the_first_key_again(store):
    made = await make_first_key(store, origin(), b"x" * 32)
    assert made is not None
    assert await make_first_key(store, origin(), b"x" * 32) == made
    assert await make_first_key(store, origin(), b"y" * 32) is None


async def test_a_scheduler_that_was_quicker_than_the_api_does_not_take_its_key(store):
    sync = uuid4()
    started = ProviderSyncStarted(sync=sync, day=NOW.date(), provider=None, manual=False)
    await store.append(Save(origin(), (Write(await store.load(Stream("provider-sync", sync)), (started,)),)))
    assert await make_first_key(store, origin(), bytes(32)) is not None


async def test_a_store_that_had_a_key_gets_no_first_key(store):
    await make(store)
    assert await make_first_key(store, origin(), bytes(32)) is None


def test_too_little_randomness_is_no_secret():
    with pytest.raises(ValueError, match="32 random bytes"):
        secret_of(b"short")
