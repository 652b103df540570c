"""A verb for a version is decided over that version, not over one that was looked at before."""

import asyncio
from datetime import date

import pytest
import pytest_asyncio

from commands.customer_invoice.verbs import AdHoc, close, create, delete
from commands.ports.event_store import AlreadyAnswered, Answer, IdempotencyKey
from domain.rejected import Rejected
from tests.support.origins import origin
from tests.support.shop import open_shop

AD_HOC = AdHoc("C1", "R-1", date(2026, 3, 1), date(2026, 2, 1), "EUR")


@pytest_asyncio.fixture
async def store(database, tmp_path):
    async with open_shop(database, tmp_path) as shop:
        yield shop.desk.store


async def test_of_two_verbs_at_once_for_one_version_one_is_done(store):
    made = (await create(store, origin(), AD_HOC)).outcome
    verbs = [close(store, origin(), made.id, f"r{n}", expected=made.version) for n in range(4)]
    verbs += [delete(store, origin(), made.id, f"r{n}", expected=made.version) for n in range(4)]
    ended = await asyncio.gather(*verbs, return_exceptions=True)
    refused = [e for e in ended if isinstance(e, Rejected)]
    assert len(refused) == len(ended) - 1, ended
    assert {no.code for no in refused} == {"stale-version"}


async def test_the_answer_is_stored_with_the_events(store):
    made = (await create(store, origin(), AD_HOC)).outcome
    answer = Answer(IdempotencyKey("scope", "key", "digest", forever=True), 200, {"said": "first"}, {})
    done = await close(store, origin(), made.id, "r", answer=lambda _: answer)
    stored = await store.answered("scope", "key")
    assert (stored.body["said"], stored.position) == ("first", done.position)
    with pytest.raises(AlreadyAnswered):
        await close(store, origin(), made.id, "again", answer=lambda _: answer)
