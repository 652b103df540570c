"""POST /v1/customer-invoices/bulk: one operation, a result for each invoice."""

from uuid import uuid4

import pytest

from tests.services.api.conftest import assert_problem
from tests.services.api.steps import ok, world
from tests.support.waiting import eventually_async

BULK = "/v1/customer-invoices/bulk"
INVOICES = "/v1/customer-invoices"


@pytest.fixture
async def ids(api):
    """Ad hoc invoices INV-0 to INV-4 of C1, their period past."""
    await world(api)
    body = {"customer": "C1", "invoice_date": "2026-02-01", "period_from": "2026-02-01", "currency": "EUR"}
    return [(await ok(api.post(INVOICES, json={**body, "reference": f"INV-{n}"}), 201))["id"] for n in range(5)]


def key():
    return {"Idempotency-Key": str(uuid4())}


async def ended(api, operation):
    async def look():
        found = await ok(api.get(f"/v1/operations/{operation['id']}"))
        return found if found["status"] not in {"queued", "running"} else None

    return await eventually_async(look)


async def test_delete_many_by_ids_each_with_a_result(api, ids, working):
    nobody = str(uuid4())
    asked = {"action": "delete", "ids": [*ids[:3], nobody], "reason": "a test"}
    operation = await ok(api.post(BULK, json=asked, headers=key()), 202)
    done = await ended(api, operation)
    assert (done["status"], done["done"], done["total"]) == ("done", 4, 4)
    results = {r["name"]: (r["outcome"], r["detail"]) for r in done["results"]}
    assert [results[i][0] for i in ids[:3]] == ["done"] * 3
    assert results[nobody][0] == "skipped"
    assert results[nobody][1].startswith("customer-invoice-missing")
    assert (await ok(api.get(f"{INVOICES}/{ids[0]}")))["status"] == "deleted"
    assert (await ok(api.get(f"{INVOICES}/{ids[4]}")))["status"] != "deleted"


async def test_a_repeat_is_the_same_operation(api, ids, working):
    asked = {"action": "delete", "ids": ids[:2], "reason": "a test"}
    headers = key()
    first = await ok(api.post(BULK, json=asked, headers=headers), 202)
    again = await ok(api.post(BULK, json=asked, headers=headers), 202)
    assert first["id"] == again["id"]


async def test_by_filter_evaluated_once(api, ids, projecting, working):
    position = (await ok(api.get(f"{INVOICES}/{ids[4]}/events")))["items"][0]["position"]
    await ok(api.get(INVOICES, params={"at_least": position}))
    asked = {"action": "delete", "filter": {"reference": "INV-"}, "expected_count": 5, "reason": "a test"}
    done = await ended(api, await ok(api.post(BULK, json=asked, headers=key()), 202))
    assert [r["outcome"] for r in done["results"]] == ["done"] * 5


async def test_a_repeat_is_told_the_same_though_nothing_matches_by_now(api, ids, projecting, working):
    position = (await ok(api.get(f"{INVOICES}/{ids[4]}/events")))["items"][0]["position"]
    await ok(api.get(INVOICES, params={"at_least": position}))
    asked = {"action": "delete", "filter": {"month": "2026-02"}, "expected_count": 5, "reason": "a test"}
    headers = key()
    first = await ok(api.post(BULK, json=asked, headers=headers), 202)
    await ended(api, first)
    head = (await ok(api.get("/v1/feed/position")))["position"]
    assert (await ok(api.get(INVOICES, params={"month": "2026-02", "at_least": head})))["items"] == []
    again = await api.post(BULK, json=asked, headers=headers)
    assert (again.status_code, again.json()["id"]) == (202, first["id"])
    assert again.headers["idempotency-replayed"] == "true"
    assert_problem(await api.post(BULK, json=asked, headers=key()), 422, "nothing-matches")


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"action": "delete", "reason": "r"}, 422, "ids-or-filter"),
        (
            {"action": "delete", "ids": [str(uuid4())], "filter": {"customer": "C1"}, "reason": "r"},
            422,
            "ids-or-filter",
        ),
        ({"action": "delete", "ids": [str(uuid4())]}, 422, "reason-missing"),
        ({"action": "close", "filter": {"customer": "NOBODY"}, "reason": "r"}, 403, "role-too-small"),
        ({"action": "delete", "filter": {"customer": "NOBODY"}, "reason": "r"}, 422, "nothing-matches"),
        ({"action": "delete", "filter": {}, "reason": "r"}, 422, "expected-count-missing"),
        ({"action": "delete", "ids": [str(uuid4())], "expected_count": 2, "reason": "r"}, 409, "count-differs"),
        ({"action": "delete", "filter": {"view": "all"}, "reason": "r"}, 422, "expected-count-missing"),
        (
            {"action": "delete", "filter": {"statuses": [], "descendants": True}, "reason": "r"},
            422,
            "expected-count-missing",
        ),
        ({"action": "delete", "filter": {"statuses": ["opn"]}, "reason": "r"}, 422, "invalid-body"),
        ({"action": "delete", "filter": {"types": ["daily"]}, "reason": "r"}, 422, "invalid-body"),
        ({"action": "delete", "filter": {"total_from": "2", "total_to": "1"}, "reason": "r"}, 422, "invalid-body"),
        (
            {"action": "delete", "filter": {"month": "2026-02", "period_to": "2026-02-01"}, "reason": "r"},
            422,
            "invalid-body",
        ),
        ({"action": "delete", "filter": {"contract": "K-1", "schedule": "S"}, "reason": "r"}, 422, "nothing-matches"),
        ({"action": "delete", "ids": [str(uuid4())], "reason": "  "}, 422, "invalid-body"),
        ({"action": "explode", "ids": [str(uuid4())]}, 422, "invalid-body"),
        ({"action": "delete", "ids": ["x"], "reason": "r"}, 422, "invalid-body"),
    ],
)
async def test_what_is_refused(api, asked, status, code):
    assert_problem(await api.post(BULK, json=asked, headers=key()), status, code)
    assert (await ok(api.get("/v1/operations")))["items"] == []


async def test_who_asked_for_it_may_cancel_it_and_no_stranger(api, ids, client_for):
    ann = await client_for("approver", subject="ann")
    asked = {"action": "close", "ids": ids, "reason": "r"}
    operation = await ok(ann.post(BULK, json=asked, headers=key()), 202)
    assert operation["available_actions"] == [{"action": "cancel", "allowed": True, "code": None}]
    bob = await client_for("approver", subject="bob")
    path = f"/v1/operations/{operation['id']}"
    assert (await ok(bob.get(path)))["available_actions"][0]["code"] == "role-too-small"
    assert_problem(await bob.post(f"{path}/cancel"), 403, "role-too-small")
    assert (await ok(ann.post(f"{path}/cancel")))["status"] == "cancelled"
    assert (await ok(api.get(f"{INVOICES}/{ids[0]}")))["status"] == "pending"


async def test_it_needs_an_idempotency_key(api):
    asked = {"action": "delete", "ids": [str(uuid4())], "reason": "r"}
    assert_problem(await api.post(BULK, json=asked), 400, "idempotency-key-missing")
