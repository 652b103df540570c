"""An automatic process approves what is ready, and nothing else."""

from datetime import UTC, datetime

import pytest

from domain.customer_invoice.process import AUTOMATIC
from services.approving import approve_automatically
from tests.services.api.conftest import api, app, client_for, parts, projecting, working
from tests.services.api.steps import ok, world
from tests.support.counter import purchase
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
