"""Previews are found under their digest and contract, and forgotten a day after they were last shown."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from adapters.previews import StoredPreviews

CONTRACT, OTHER = UUID(int=1), UUID(int=2)
NOON = datetime(2026, 2, 2, 12, tzinfo=UTC)


async def test_a_preview_is_found_until_it_is_purged(database: str):
    async with AsyncConnectionPool(database, kwargs={"autocommit": True}, open=False) as pool:
        previews = StoredPreviews(pool)
        await previews.keep(CONTRACT, "a", '{"n":1}', NOON)
        await previews.keep(CONTRACT, "b", "{}", NOON + timedelta(hours=1))
        assert await previews.find(CONTRACT, "a") == '{"n":1}'
        assert await previews.find(OTHER, "a") is None
        assert await previews.find(CONTRACT, "c") is None
        assert await previews.purge(NOON) == 0
        assert await previews.purge(NOON + timedelta(minutes=1)) == 1
        assert await previews.find(CONTRACT, "a") is None
        assert await previews.find(CONTRACT, "b") == "{}"


async def test_one_that_is_shown_again_later_is_kept_longer(database: str):
    async with AsyncConnectionPool(database, kwargs={"autocommit": True}, open=False) as pool:
        previews = StoredPreviews(pool)
        await previews.keep(CONTRACT, "a", "{}", NOON)
        await previews.keep(CONTRACT, "a", "{}", NOON + timedelta(hours=3))
        await previews.keep(CONTRACT, "a", "{}", NOON)
        assert await previews.purge(NOON + timedelta(hours=2)) == 0
        assert await previews.purge(NOON + timedelta(hours=4), limit=1) == 1
