"""A counter on a database of the test's own, with customers C1 and C2 that are billed monthly from January 2026."""

import pytest_asyncio

from tests.support.counter import Counter
from tests.support.shop import open_shop


@pytest_asyncio.fixture
async def counter(database, tmp_path):
    async with open_shop(database, tmp_path) as shop:
        await shop.world(customers=())
        opened = Counter(shop)
        await opened.customer("C1")
        await opened.customer("C2")
        yield opened
