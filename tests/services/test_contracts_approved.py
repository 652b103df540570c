"""A contract whose approval is automatic: its invoices are approved, or put up for approval, by themselves."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.customer_invoice.process import AUTOMATIC
from services.approving import approve_automatically
from tests.services.api.conftest import api, app, client_for, parts, projecting, working
from tests.services.api.steps import ok
from tests.support.waiting import eventually_async

__all__ = ["api", "app", "client_for", "parts", "projecting", "working"]
TODAY = datetime.now(UTC).date()


@pytest.fixture
async def billed(api, projecting, working):
    """Two contracts of C1, K-auto and K-hand, each with an open invoice; the list knows both."""
    await ok(api.post("/v1/customers", json={"code": "C1", "name": "C1"}))
    seats = {"code": "seats", "name": "Seats", "kind": "subscription", "quantity": "10", "price": "7"}
    begins = (TODAY - timedelta(weeks=1)).isoformat()
    for number, approval in (("K-auto", "automatic"), ("K-hand", "manual")):
        body = {
            "number": number,
            "name": number,
            "customers": [{"customer": "C1", "percent": "100"}],
            "currency": "EUR",
        }
        terms = {"from": begins, "frequency": "weekly", "offset": 1, "approval": approval, "time_zone": "UTC"}
        made = await ok(api.post("/v1/billing-contracts", json={**body, **terms}), 201)
        await ok(api.post(f"/v1/billing-contracts/{made['id']}/lines", json=seats))
    wanted = {"from": begins, "to": TODAY.isoformat(), "contracts": ["K-auto", "K-hand"]}
    await ok(api.post("/v1/invoice-runs", json=wanted), 202)

    async def there():
        return len(await statuses(api)) == 2 or None

    await eventually_async(there)


async def statuses(api):
    items = (await ok(api.get("/v1/customer-invoices")))["items"]
    return {item["reference"].split("/")[0]: item["status"] for item in items}


async def test_where_one_click_is_enough_it_is_approved_and_the_other_waits_for_a_person(api, parts, billed):
    assert await approve_automatically(parts) == 1
    assert await approve_automatically(parts) == 0

    async def approved():
        return await statuses(api) == {"K-auto": "approved", "K-hand": "open"} or None

    await eventually_async(approved)
    (item,) = (await ok(api.get("/v1/customer-invoices", params={"view": "approved"})))["items"]
    assert (await ok(api.get(f"/v1/customer-invoices/{item['id']}")))["approved"]["by"] == AUTOMATIC


async def test_invoices_that_wait_for_people_stand_before_no_other(parts, billed, monkeypatch):
    monkeypatch.setattr("services.approving.MOST", 1)
    assert await approve_automatically(parts) == 1


async def test_under_four_eyes_its_approval_is_requested_once(api, client_for, parts, billed):
    await ok(api.put("/v1/groups/finance", json={"name": "F", "members": ["ann"], "invoice_approval": True}), 201)
    await ok(api.put("/v1/approval-processes/default", json={"name": "Four eyes", "four_eyes": True}))
    assert await approve_automatically(parts) == 0

    async def requested():
        return await statuses(api) == {"K-auto": "approving", "K-hand": "open"} or None

    await eventually_async(requested)
    (item,) = (await ok(api.get("/v1/customer-invoices", params={"status": "approving"})))["items"]
    ann = await client_for("approver", subject="ann")
    await ok(ann.post(f"/v1/customer-invoices/{item['id']}/reject", json={"comment": "not yet"}))

    async def open_again():
        return await statuses(api) == {"K-auto": "open", "K-hand": "open"} or None

    await eventually_async(open_again)
    assert await approve_automatically(parts) == 0
    assert (await statuses(api))["K-auto"] == "open"
