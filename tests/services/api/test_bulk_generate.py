"""POST /v1/billing-contracts/bulk-generate: one operation, a result for each contract."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from domain.identity import billing_contract_stream
from services.api.routes import billing_contract_bulk
from tests.services.api.conftest import MakeClient, assert_problem
from tests.services.api.steps import ok
from tests.support.waiting import eventually_async

BASE = "/v1/billing-contracts"
BULK = f"{BASE}/bulk-generate"


@pytest.fixture
async def contracts(api: httpx.AsyncClient) -> list[str]:
    """K-0 to K-3 of C1 from January on: a seat for 31.00 each."""
    await ok(api.post("/v1/customers", json={"code": "C1", "name": "C1", "time_zone": "UTC"}))
    return [await signed(api, f"K-{n}") for n in range(4)]


async def signed(api: httpx.AsyncClient, number: str) -> str:
    shares = [{"customer": "C1", "percent": "100"}]
    body = {"number": number, "name": "Seats", "customers": shares, "currency": "EUR", "from": "2026-01-01"}
    made = await ok(api.post(BASE, json={**body, "time_zone": "UTC", "post_invoicing_tasks": ["sync"]}), 201)
    seats = {"code": "seats", "name": "Seats", "kind": "subscription", "quantity": "1", "price": "31"}
    await ok(api.post(f"{BASE}/{made['id']}/lines", json=seats))
    return str(made["id"])


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


async def asked(api: httpx.AsyncClient, **body: object) -> dict[str, Any]:
    return await ok(api.post(BULK, json=body, headers=key()), 202)


async def ended(api: httpx.AsyncClient, operation: dict[str, Any]) -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        found = await ok(api.get(f"/v1/operations/{operation['id']}"))
        return found if found["status"] not in {"queued", "running"} else None

    return await eventually_async(look)


@pytest.mark.usefixtures("working")
async def test_the_good_ones_are_done_and_each_has_a_result(api: httpx.AsyncClient, contracts: list[str]):
    items = [{"contract": "K-0"}, {"contract": contracts[1], "cycle": "2026-02-01"}, {"contract": "K-9"}]
    operation = await asked(api, items=items)
    assert (operation["kind"], operation["input"]["of"]) == ("bulk-generate", 3)
    done = await ended(api, operation)
    assert (done["status"], done["done"], done["total"]) == ("done", 3, 3)
    results = {one["name"]: one for one in done["results"]}
    assert [results[one]["outcome"] for one in contracts[:2]] == ["invoiced", "invoiced"]
    assert [results[one]["data"]["cycle"] for one in contracts[:2]] == ["2026-01-01", "2026-02-01"]
    missing = results[str(billing_contract_stream("K-9").id)]
    assert (missing["outcome"], missing["data"]["code"]) == ("failed", "billing-contract-missing")
    (made,) = results[contracts[0]]["data"]["invoices"]
    shown = await ok(api.get(made["href"]))
    assert (shown["revenue_total"], shown["reference"], shown["status"]) == ("31.00", "K-0/2026-02-02/1", "open")
    again = await ended(api, await asked(api, items=[{"contract": "K-0", "cycle": "2026-01-01"}, {"contract": "K-2"}]))
    results = {one["name"]: one for one in again["results"]}
    assert results[contracts[2]]["outcome"] == "invoiced"
    skipped = results[contracts[0]]
    assert (skipped["outcome"], skipped["data"]["code"]) == ("skipped", "cycle-invoiced")
    assert (skipped["data"]["invoiced_by"], skipped["data"]["next"]) == ([made["id"]], "2026-02-01")


@pytest.mark.usefixtures("working", "contracts")
async def test_a_repeat_is_the_same_operation(api: httpx.AsyncClient):
    headers = key()
    body = {"items": [{"contract": "K-0"}], "trigger_post_invoicing_tasks": True}
    first = await ok(api.post(BULK, json=body, headers=headers), 202)
    done = await ended(api, first)
    again = await api.post(BULK, json=body, headers=headers)
    assert (again.json()["id"], again.headers["idempotency-replayed"]) == (first["id"], "true")
    (made,) = done["results"][0]["data"]["invoices"]
    armed = [task["task"] for task in (await ok(api.get(made["href"])))["tasks"] if task["status"] == "armed"]
    assert armed == ["sync"]
    other = await api.post(BULK, json={"items": [{"contract": "K-1"}]}, headers=headers)
    assert_problem(other, 422, "idempotency-key-reused")


@pytest.mark.usefixtures("working", "projecting")
async def test_by_filter_evaluated_once(api: httpx.AsyncClient, contracts: list[str]):
    position = (await ok(api.get(f"{BASE}/{contracts[3]}/events")))["items"][-1]["position"]
    await ok(api.get(BASE, params={"at_least": position}))
    wrong = {"filter": {"q": "k-", "customer": "C1"}, "expected_count": 3}
    differs = assert_problem(await api.post(BULK, json=wrong, headers=key()), 409, "count-differs")
    assert differs["count"] == 4
    done = await ended(api, await asked(api, **{**wrong, "expected_count": 4, "cycle": "2026-01-01"}))
    assert {one["data"]["number"]: one["outcome"] for one in done["results"]} == {
        f"K-{n}": "invoiced" for n in range(4)
    }
    assert [one["data"]["number"] for one in done["results"]] == [f"K-{n}" for n in range(4)]
    nothing = {"filter": {"number": "K-9"}}
    assert_problem(await api.post(BULK, json=nothing, headers=key()), 422, "nothing-matches")


@pytest.mark.usefixtures("working")
async def test_a_dry_run_shows_the_selection(
    api: httpx.AsyncClient, contracts: list[str], monkeypatch: pytest.MonkeyPatch
):
    await ok(api.post(f"{BASE}/{contracts[0]}/generate"))
    body = {"items": [{"contract": "K-0"}, {"contract": "K-1", "cycle": "2399-01-01"}, {"contract": "K-9"}]}
    before = await ok(api.get("/v1/operations"))
    shown = await ok(api.post(BULK, json={**body, "dry_run": True}))
    assert shown["total"] == 3
    first, second, third = shown["items"]
    assert (first["name"], first["cycle"], first["to"], first["run_date"]) == (
        "Seats", "2026-02-01", "2026-02-28", "2026-03-02",
    )  # fmt: skip
    assert (first["outcome"], first["invoiced"], first["future"], first["tasks"]) == (
        "selected",
        False,
        False,
        ["sync"],
    )
    assert (second["future"], third["code"]) == (True, "billing-contract-missing")
    assert await ok(api.get("/v1/operations")) == before
    monkeypatch.setattr(billing_contract_bulk, "AT_ONCE", 2)
    done = await ended(api, await asked(api, **body, dry_run=True))
    assert [one["data"] for one in done["results"]] == shown["items"]
    assert (
        len((await ok(api.get(f"{BASE}/{contracts[0]}/schedules?past_from=2026-01-01")))["items"][0]["invoices"]) == 1
    )


@pytest.mark.usefixtures("contracts")
async def test_what_is_refused(api: httpx.AsyncClient, client_for: MakeClient, parts):
    one = {"contract": "K-0"}
    for body, code in (
        ({"items": [one, {"contract": "K-1"}, one]}, "contract-twice"),
        ({"items": [one, {"contract": str(billing_contract_stream("K-0").id)}]}, "contract-twice"),
        ({"items": [one, one], "dry_run": True}, "contract-twice"),
        ({"items": [one], "filter": {"q": "K"}}, "items-or-filter"),
        ({}, "items-or-filter"),
        ({"filter": {}}, "expected-count-missing"),
        ({"filter": {"nonsense": "1"}}, "invalid-body"),
        ({"items": []}, "invalid-body"),
        ({"items": [{"contract": "K-0", "cycle": "2026-02-30"}]}, "invalid-body"),
        ({"items": [{"contract": "K-0", "surprise": 1}]}, "invalid-body"),
        ({"items": [{"contract": ""}]}, "invalid-body"),
        ({"items": [one], "dry_run": "perhaps"}, "invalid-body"),
    ):
        problem = assert_problem(await api.post(BULK, json=body, headers=key()), 422, code)
        if code == "contract-twice":
            assert problem["detail"].startswith(f"Contract {body['items'][-1]['contract']} is named twice")
    assert_problem(await api.post(BULK, json={"items": [one]}), 400, "idempotency-key-missing")
    viewer = await client_for("viewer")
    assert_problem(await viewer.post(BULK, json={"items": [one]}, headers=key()), 403, "role-too-small")
    assert not (await ok(api.get("/v1/operations")))["items"]


async def test_one_more_than_the_limit_is_refused_before_anything_is_done(api: httpx.AsyncClient, parts):
    object.__setattr__(parts, "settings", parts.settings.model_copy(update={"max_bulk_body": 16_000_000}))
    items = [{"contract": f"K-{n}"} for n in range(100_001)]
    refused = assert_problem(await api.post(BULK, json={"items": items}, headers=key()), 422, "too-many-items")
    assert "100,001" in refused["detail"]
    assert not (await ok(api.get("/v1/operations")))["items"]
