"""A provider's yard on a database of the test's own."""

import pytest_asyncio

from tests.support.yard import open_yard


@pytest_asyncio.fixture
async def yard(database, tmp_path):
    async with open_yard(database, tmp_path) as opened:
        yield opened
