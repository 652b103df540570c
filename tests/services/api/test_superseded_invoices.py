"""An invoice in whose place a newer one is, over HTTP: where it is shown, what is refused, how it ends or comes back."""

from typing import Any

import httpx
import pytest

from tests.services.api.conftest import MakeClient, assert_problem
from tests.services.api.steps import ok
from tests.services.api.test_contract_invoices import BASE, INVOICES
from tests.support.waiting import eventually_async

pytestmark = pytest.mark.usefixtures("projecting")


@pytest.fixture
async def replaced(api: httpx.AsyncClient) -> tuple[dict[str, Any], dict[str, Any]]:
    """The old and the newer invoice of a cycle."""
    await ok(api.post("/v1/customers", json={"code": "C1", "name": "C1", "time_zone": "UTC"}))
    group = {"code": "finance", "name": "F", "members": ["ann"], "invoice_approval": True}
    await ok(api.post("/v1/groups", json=group))
    body = {"number": "K-1", "name": "K", "customers": [{"customer": "C1", "percent": "100"}], "currency": "EUR"}
    made = await ok(api.post(BASE, json={**body, "from": "2025-09-01", "time_zone": "UTC"}), 201)
    url = f"{BASE}/{made['id']}"
    seats = {"code": "seats", "name": "Seats", "kind": "subscription", "quantity": "10", "price": "3"}
    await ok(api.post(f"{url}/lines", json=seats))
    (old,) = (await ok(api.post(f"{url}/generate", json={"cycle": "2025-09-01"})))["invoices"]
    asked = {"cycle": "2025-09-01", "replace_existing": True}
    (new,) = (await ok(api.post(f"{url}/generate", json=asked)))["invoices"]
    return old, new


@pytest.fixture
async def ann(client_for: MakeClient) -> httpx.AsyncClient:
    """Somebody of the group that may approve."""
    return await client_for("approver", "operator", subject="ann")


async def at_least(api: httpx.AsyncClient) -> dict[str, Any]:
    return {"at_least": (await ok(api.get("/v1/feed/position")))["position"]}


async def test_lists_and_problems_say_so(api: httpx.AsyncClient, replaced) -> None:
    old, new = replaced
    listed = (await ok(api.get(INVOICES, params=await at_least(api))))["items"]
    assert {one["id"]: one["superseded_by"] for one in listed} == {old["id"]: new["id"], new["id"]: None}
    assert {one["id"]: one["ready_from"] for one in listed} == {old["id"]: None, new["id"]: "2025-10-02"}
    ready = (await ok(api.get(INVOICES, params={"view": "ready_to_approve"})))["items"]
    assert [one["id"] for one in ready] == [new["id"]]
    problems = (await ok(api.get("/v1/problems", params=await at_least(api))))["items"]
    assert [one["customer_invoice"] for one in problems if one["problem"] == "superseded_open"] == [old["id"]]


async def test_every_verb_but_three_is_refused_and_the_actions_say_so(ann: httpx.AsyncClient, replaced) -> None:
    old, new = replaced
    shown = await ok(ann.get(old["href"]))
    assert {a["action"] for a in shown["available_actions"] if a["code"] == "superseded"} >= {
        "recalculate", "request-approval", "approve", "reject", "withdraw", "tasks/send",
    }  # fmt: skip
    for verb, body in (
        ("recalculate", None),
        ("request-approval", None),
        ("approve", None),
        ("reject", {"comment": "no"}),
        ("withdraw", {"reason": "no"}),
        ("tasks/send", None),
    ):
        refused = assert_problem(await ann.post(f"{old['href']}/{verb}", json=body), 409, "superseded")
        assert refused["superseded_by"] == new["id"]
    await ok(ann.post(f"{old['href']}/comments", json={"comment": "replaced"}))


async def test_closing_it_writes_nothing_off(ann: httpx.AsyncClient, replaced) -> None:
    old, new = replaced
    closed = await ok(ann.post(f"{old['href']}/close", json={"reason": "replaced"}))
    assert (closed["status"], closed["revenue_total"]) == ("closed", "30.00")
    assert closed["written_off"] == {"lines": 0, "cost": "0", "costs": [], "revenue_total": "0.00"}
    await ok(ann.request("DELETE", new["href"], json={"reason": "wrong"}))
    assert (await ok(ann.get(old["href"])))["status"] == "closed"


@pytest.mark.usefixtures("working")
async def test_deleting_the_newer_one_puts_it_back(api: httpx.AsyncClient, replaced) -> None:
    old, new = replaced
    await ok(api.request("DELETE", new["href"], json={"reason": "wrong"}))

    async def calculated() -> dict[str, Any] | None:
        shown = await ok(api.get(old["href"]))
        return shown if shown["status"] == "open" else None

    shown = await eventually_async(calculated)
    assert (shown["superseded_by"], shown["revenue_total"]) == (None, "30.00")
    ready = (await ok(api.get(INVOICES, params={"view": "ready_to_approve", **await at_least(api)})))["items"]
    assert [one["id"] for one in ready] == [old["id"]]
    assert (await ok(api.post(f"{old['href']}/recalculate")))["status"] == "pending"
