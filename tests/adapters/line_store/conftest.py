"""A line store on a database of the test's own."""

import pytest_asyncio
from psycopg_pool import AsyncConnectionPool

from adapters.line_store import PostgresLineStore


@pytest_asyncio.fixture
async def pool(database):
    async with AsyncConnectionPool(database, kwargs={"autocommit": True}, min_size=1, max_size=4, open=False) as opened:
        yield opened


@pytest_asyncio.fixture
async def lines(pool):
    return PostgresLineStore(pool)
