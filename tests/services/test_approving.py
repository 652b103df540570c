"""An automatic process approves what is ready, and nothing else."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from commands.customer_invoice.settling import expect_nothing_outstanding
from domain.customer_invoice.process import AUTOMATIC
from domain.rejected import Rejected
from services.approving import approve_automatically
from tests.services.api.conftest import api, app, client_for, parts, projecting, working
from tests.services.api.steps import ok, world
from tests.support.counter import purchase
from tests.support.customer_invoices import opened
from tests.support.waiting import eventually_async

__all__ = ["api", "app", "client_for", "parts", "projecting", "working"]


@pytest.fixture
async def month(api):
    """C1 is billed since last month, where it bought one P1 for two euros."""
    await world(api)
    now = datetime.now(UTC)
    last = now.replace(year=now.year - (now.month == 1), month=now.month - 1 or 12, day=1)
    price = {"family": "per_unit", "unit_price": "2"}
    await ok(api.put("/v1/pricing-rules/ALL", json={"name": "Two", "currency": "EUR", "price": price}))
    await ok(api.patch("/v1/customers/C1", json={"bill_from": last.date().isoformat()}))
    await ok(api.post("/v1/purchases", json=purchase(time=last.isoformat())), 201)
    return last.date().isoformat()


async def test_ready_ones_are_approved_by_themselves_empty_and_early_ones_are_not(
    api, parts, month, projecting, working
):
    async def last_month():
        items = (await ok(api.get("/v1/customer-invoices", params={"customer": "C1"})))["items"]
        return next((i for i in items if i["period_from"] == month and i["revenue_total"] == "2.00"), None)

    await eventually_async(last_month)
    assert await approve_automatically(parts) == 0
    body = {"name": "By itself", "automatic": True}
    await ok(api.put("/v1/approval-processes/default", json=body))
    assert await approve_automatically(parts) == 1
    assert await approve_automatically(parts) == 0

    async def approved():
        items = (await ok(api.get("/v1/customer-invoices", params={"view": "approved"})))["items"]
        return [i["id"] for i in items]

    (invoice,) = await eventually_async(approved)
    shown = await ok(api.get(f"/v1/customer-invoices/{invoice}"))
    assert (shown["approved"]["by"], shown["revenue_total"]) == (AUTOMATIC, "2.00")


async def test_nothing_is_approved_while_a_change_of_prices_is_on_its_way(parts):
    """Without a worker the change stays on its way: the caller is told to try again, and nothing is locked."""
    invoice = uuid4()
    async with parts.pool.connection() as connection:
        await connection.execute(
            "INSERT INTO calculation_due (invoice, since, changed, position, cause, recheck)"
            " VALUES (%s, now(), now(), 1, 'pricing-rule ALL version 2', true)",
            (invoice,),
        )
    assert await parts.billing.outstanding.among([invoice, uuid4()]) == {invoice}
    state = opened()
    with pytest.raises(Rejected, match="invoice-pending"):
        expect_nothing_outstanding(invoice, state, frozenset({invoice}))
    expect_nothing_outstanding(uuid4(), state, frozenset({invoice}))
