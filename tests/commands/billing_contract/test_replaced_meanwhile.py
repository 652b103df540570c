"""What replacing reads of several streams, while another one replaces the same invoice: read again, never half."""

from uuid import UUID

import pytest
import pytest_asyncio

from commands.billing_contract.handing_over import held_usage
from commands.billing_contract.preparing import load_contracts
from commands.handling import Busy, steady
from commands.ports.event_store import Conflict
from domain.identity import Stream
from tests.support.counter import Counter
from tests.support.invoicing import open_invoicing
from tests.support.replacing import Billed

INVOICE = Stream("customer-invoice", UUID(int=1))


@pytest_asyncio.fixture
async def desk(agreed, database):
    store, pool = agreed.shop.desk.store, agreed.shop.pool
    async with open_invoicing(store, pool, database, invoices=agreed.shop.desk) as invoicing:
        desk = Billed(agreed, Counter(agreed.shop), invoicing)
        await desk.begin()
        yield desk


async def known(desk):
    return (await load_contracts(desk.agreed.billing, [desk.contract]))[desk.contract].known


async def test_usage_that_went_on_since_the_invoice_was_read_is_a_conflict(desk):
    before, old = await known(desk), await desk.state(desk.old)
    router = desk.agreed.billing.router
    assert (await held_usage(router, before, {desk.old.id: old}))["C1"].lines
    await desk.replaced()
    with pytest.raises(Conflict):
        await held_usage(router, before, {desk.old.id: old})


async def test_an_invoice_that_was_read_after_its_entries_is_a_conflict(desk):
    new = await desk.replaced()
    before = await known(desk)
    await desk.delete(new)
    with pytest.raises(Conflict):
        await held_usage(desk.agreed.billing.router, before, {desk.old.id: await desk.state(desk.old)})


async def test_it_is_read_again_some_times_and_then_given_up():
    seen = []

    async def read():
        seen.append(len(seen))
        if len(seen) < 3:
            raise Conflict(INVOICE)
        return "read"

    assert (await steady(read), seen) == ("read", [0, 1, 2])

    async def never():
        raise Conflict(INVOICE)

    with pytest.raises(Busy):
        await steady(never)
