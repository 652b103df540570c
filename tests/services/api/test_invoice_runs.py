"""/invoice-runs over HTTP, with contracts that are really billed: reports, repeats, overdue ones, and what is refused."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from domain.identity import billing_contract_stream
from tests.services.api.conftest import MakeClient, assert_problem
from tests.services.api.steps import ok
from tests.support.waiting import eventually_async

BASE = "/v1/invoice-runs"
TODAY = datetime.now(UTC).date()
WEEK = timedelta(days=7)


@pytest.fixture(autouse=True)
async def customers(api: httpx.AsyncClient) -> None:
    for code in ("C1", "C2"):
        await ok(api.post("/v1/customers", json={"code": code, "name": code}))


async def sign(api: httpx.AsyncClient, number: str, *, first: str | None = None) -> str:
    """A weekly contract of 70.00; the cycle that began a week ago is billed today."""
    body = {
        "number": number,
        "name": "Seats",
        "customers": [{"customer": "C1", "percent": "60"}, {"customer": "C2", "percent": "40"}],
        "currency": "EUR",
        "from": first or (TODAY - WEEK).isoformat(),
        "frequency": "weekly",
        "offset": 1,
    }
    made = await ok(api.post("/v1/billing-contracts", json=body), 201)
    seats = {"code": "seats", "name": "Seats", "kind": "subscription", "quantity": "10", "price": "7"}
    await ok(api.post(f"/v1/billing-contracts/{made['id']}/lines", json=seats))
    return str(made["id"])


async def run(api: httpx.AsyncClient, **body: object) -> dict:
    """A run from asked for to ended."""
    asked = await ok(api.post(BASE, json=body), 202)

    async def ended() -> dict | None:
        shown = await ok(api.get(f"/v1/operations/{asked['id']}"))
        return None if shown["status"] in ("queued", "running") else shown

    return await eventually_async(ended)


@pytest.mark.usefixtures("working")
async def test_the_run_of_a_day_bills_what_is_due_and_again_bills_nothing(api: httpx.AsyncClient) -> None:
    contract = await sign(api, "K-1")
    ended = await run(api, date=TODAY.isoformat())
    assert (ended["status"], ended["done"], ended["total"]) == ("done", 1, 1)
    assert [(item["name"], item["outcome"]) for item in ended["results"]] == [(contract, "invoiced")]
    report = await ok(api.get(f"{BASE}/{TODAY}"))
    assert report["counts"] == {"invoiced": 1, "nothing_to_bill": 0, "skipped": 0, "failed": 0}
    assert (report["status"], report["invoices"], report["contracts"], report["cause"]) == ("done", 2, 1, "run")
    [outcome] = report["outcomes"]
    assert {(made["customer"], made["total"], made["currency"]) for made in outcome["invoices"]} == {
        ("C1", "42.00", "EUR"),
        ("C2", "28.00", "EUR"),
    }
    for made in outcome["invoices"]:
        shown = await ok(api.get(made["href"]))
        assert (shown["status"], shown["revenue_total"]) == ("open", made["total"])
        assert (shown["invoice_date"], shown["reference"]) == (TODAY.isoformat(), made["reference"])
    again = await run(api, date=TODAY.isoformat())
    assert again["total"] == 0
    assert (await ok(api.get(f"{BASE}/{TODAY}")))["invoices"] == 2


@pytest.mark.usefixtures("working")
async def test_what_was_due_before_it_was_recorded_is_billed_on_request_only(api: httpx.AsyncClient) -> None:
    first = TODAY - 4 * WEEK
    contract = await sign(api, "K-1", first=first.isoformat())
    await run(api, date=TODAY.isoformat())
    [outcome] = (await ok(api.get(f"{BASE}/{TODAY}")))["outcomes"]
    assert len(outcome["invoices"]) == 2  # one a customer, for the last week alone
    body = {"from": first.isoformat(), "to": TODAY.isoformat(), "contracts": [contract, "K-9"]}
    ended = await run(api, **body)
    assert {item["name"]: item["outcome"] for item in ended["results"]} == {
        contract: "invoiced",
        str(billing_contract_stream("K-9").id): "failed",
    }
    report = await ok(api.get(f"{BASE}/{ended['id']}"))
    assert (report["cause"], report["from"], report["asked"], report["invoices"]) == (
        "request", first.isoformat(), 2, 6,
    )  # fmt: skip
    [outcome] = (await ok(api.get(f"{BASE}/{ended['id']}?outcome=invoiced")))["outcomes"]
    dates = {(await ok(api.get(made["href"])))["invoice_date"] for made in outcome["invoices"]}
    assert dates == {(TODAY - n * WEEK).isoformat() for n in (1, 2, 3)}
    again = await run(api, **body)
    assert (await ok(api.get(f"{BASE}/{again['id']}")))["invoices"] == 0


@pytest.mark.usefixtures("working")
async def test_reports_are_listed_by_page(api: httpx.AsyncClient) -> None:
    days = [TODAY - timedelta(days=n) for n in range(3)]
    for day in days:
        await run(api, date=day.isoformat())
    first = await ok(api.get(BASE, params={"limit": 2}))
    rest = await ok(api.get(BASE, params={"limit": 2, "cursor": first["next_cursor"]}))
    assert [item["date"] for item in (*first["items"], *rest["items"])] == [day.isoformat() for day in days]
    assert (first["total"], rest["next_cursor"]) == (3, None)
    types = (await ok(api.get("/v1/events?type=invoice-run.ended")))["items"]
    assert [event["data"]["day"] for event in types] == [day.isoformat() for day in days]


async def test_what_is_refused(api: httpx.AsyncClient, client_for: MakeClient) -> None:
    day, tomorrow = TODAY.isoformat(), (TODAY + timedelta(days=2)).isoformat()
    for body, code in (
        ({"date": tomorrow}, "date-in-future"),
        ({"from": day, "to": tomorrow, "contracts": ["K-1"]}, "date-in-future"),
        ({"from": day, "to": (TODAY - WEEK).isoformat(), "contracts": ["K-1"]}, "from-after-to"),
        ({"from": day, "to": day, "contracts": ["K-1", "K-1"]}, "contract-twice"),
        ({"from": day, "to": day}, "date-or-contracts"),
        ({"date": day, "contracts": ["K-1"]}, "date-or-contracts"),
        ({}, "date-or-contracts"),
        ({"from": day, "to": day, "contracts": []}, "invalid-body"),
        ({"date": "2026-02-30"}, "invalid-body"),
    ):
        assert_problem(await api.post(BASE, json=body), 422, code)
    assert not (await ok(api.get("/v1/operations")))["items"]
    viewer = await client_for("viewer")
    assert_problem(await viewer.post(BASE, json={"date": day}), 403, "role-too-small")
    assert_problem(await viewer.get(f"{BASE}/{day}"), 404, "not-found")
    assert_problem(await viewer.get(f"{BASE}/nonsense"), 404, "not-found")
    assert_problem(await viewer.get(f"{BASE}?cursor=nonsense"), 422, "invalid-cursor")
