"""Agreements of customers C1 and C2 on a database of the test's own."""

import pytest_asyncio

from adapters.bulk import StoredTargets
from adapters.operations import StoredOperations
from tests.support.agreements import Agreements
from tests.support.bulk_generation import BulkOffice
from tests.support.counter import Counter
from tests.support.invoicing import open_invoicing
from tests.support.shop import open_shop


@pytest_asyncio.fixture
async def agreed(database, tmp_path):
    async with open_shop(database, tmp_path) as shop:
        await shop.world(customers=())
        counter = Counter(shop)
        await counter.customer("C1")
        await counter.customer("C2")
        yield Agreements(shop)


@pytest_asyncio.fixture
async def office(agreed):
    """Where many contracts are generated."""
    return BulkOffice(agreed, StoredOperations(agreed.shop.pool), StoredTargets(agreed.shop.pool))


@pytest_asyncio.fixture
async def desk(agreed, database):
    """What deletes, recalculates and approves their invoices."""
    async with open_invoicing(agreed.shop.desk.store, agreed.shop.pool, database) as desk:
        yield desk
