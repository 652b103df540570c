"""A shop on a database of the test's own, with ACME, its product and two customers."""

import pytest_asyncio

from tests.support.shop import open_shop


@pytest_asyncio.fixture
async def empty_shop(database, tmp_path):
    async with open_shop(database, tmp_path) as opened:
        yield opened


@pytest_asyncio.fixture
async def shop(empty_shop):
    await empty_shop.world()
    return empty_shop
