"""Many streams with personal data cost one question to the key vault, not one each."""

import asyncio
from collections import Counter

import pytest

from adapters.event_store import Codec, PostgresEventStore
from commands.ports.event_store import Save, Write
from commands.provider_invoice.desk import unwritten
from domain.identity import reference_stream
from domain.reference.events import CustomerSaved
from tests.support.memory_vault import MemoryKeyVault
from tests.support.origins import origin

CODES = [f"C{n}" for n in range(40)]
STREAMS = [reference_stream("customer", code) for code in CODES]


class Counting(MemoryKeyVault):
    """Counts what it is asked at once."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[str] = Counter()

    def keys_for(self, subjects):
        self.asked["keys_for"] += 1
        return super().keys_for(subjects)

    def secrets(self, ids):
        self.asked["many" if len(ids) > 1 else "one"] += 1
        return super().secrets(ids)


def saved(code: str) -> CustomerSaved:
    return CustomerSaved.model_validate({"code": code, "version": 1, "body": {"code": code, "name": f"Name of {code}"}})


@pytest.fixture
async def store(database):
    vault = Counting()
    async with await PostgresEventStore.open(database, Codec(vault)) as opened:
        await opened.append(Save(origin(), tuple(Write(unwritten(s), (saved(s_code),)) for s, s_code in both())))
        yield opened, vault


def both():
    return zip(STREAMS, CODES, strict=True)


async def test_one_question_makes_all_keys_and_one_finds_them(store):
    opened, vault = store
    assert vault.asked["keys_for"] == 1
    assert len(vault.keys) == len(CODES)
    vault.asked.clear()
    found = await opened.load_many(STREAMS)
    assert [found[stream].facts for stream in STREAMS] == [(saved(code),) for code in CODES]
    assert vault.asked["many"] == 1
    events = await opened.read(after=0, limit=100)
    assert len(events) == len(CODES)
    assert vault.asked["many"] == 2


async def test_an_erased_customer_costs_the_others_nothing(store):
    opened, vault = store
    assert await vault.erase("customer/C3")
    found = await opened.load_many(STREAMS)
    names = [found[stream].facts[0].body.name for stream in STREAMS]
    assert names == ["[erased]" if code == "C3" else f"Name of {code}" for code in CODES]


async def test_a_vault_that_is_away_costs_streams_without_personal_data_nothing(store):
    opened, vault = store
    vault.secrets = lambda _: (_ for _ in ()).throw(ConnectionError("away"))
    plain = reference_stream("product", "none")
    loads = [opened.load(stream) for stream in (*STREAMS, plain)]
    ended = await asyncio.gather(*loads, return_exceptions=True)
    assert all(isinstance(e, ConnectionError) for e in ended[:-1])
    assert ended[-1].version == 0
