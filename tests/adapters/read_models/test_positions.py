"""Waiting for a position."""

import asyncio

import psycopg

from tests.support.billing import CustomerInvoiceFacts
from tests.support.records import Happened

MODELS = ("invoice_list",)


def one_invoice() -> Happened:
    happened = Happened()
    c = CustomerInvoiceFacts()
    happened.add(c.stream, c.created(), c.added())
    return happened


async def test_nothing_projected_yet(ask):
    assert await ask.positions.position(MODELS) == 0
    assert not await ask.positions.wait_until(MODELS, 1, within=0.05)
    assert await ask.positions.wait_until(MODELS, 0, within=0)


async def test_all_who_wait_are_told(project, ask):
    waiting = [asyncio.create_task(ask.positions.wait_until(MODELS, n, within=20)) for n in (1, 2, 2)]
    await asyncio.to_thread(project, one_invoice())
    assert await asyncio.gather(*waiting) == [True, True, True]
    assert await ask.positions.position(MODELS) == 2
    assert await ask.positions.position(("invoice_list", "reference_list")) == 2


async def test_a_lost_listener_is_no_loss(project, ask, database):
    waiting = asyncio.create_task(ask.positions.wait_until(MODELS, 2, within=20))
    await asyncio.sleep(0)
    with psycopg.connect(database, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid()"
        )
    await asyncio.to_thread(project, one_invoice())
    assert await waiting


async def test_a_partition_that_lags_holds_the_position_back(project, ask, database):
    await asyncio.to_thread(project, one_invoice())
    with psycopg.connect(database, autocommit=True) as other:
        other.execute(
            "UPDATE read_models.positions SET watermark = 1 WHERE topic = 'customer-invoice' AND partition = 1"
        )
    assert await ask.positions.position(MODELS) == 1
    assert await ask.positions.position(("notices",)) == 2
