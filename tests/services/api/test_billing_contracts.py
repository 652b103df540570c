"""Billing contracts over HTTP: signed, read, amended, billed when; refusals with codes and nothing done."""

from typing import Any

import httpx
import pytest

from tests.services.api.conftest import MakeClient, assert_problem
from tests.services.api.steps import ok

BASE = "/v1/billing-contracts"
CONTRACT: dict[str, Any] = {
    "number": "K-1",
    "name": "Support",
    "customers": [{"customer": "C1", "percent": "60"}, {"customer": "C2", "percent": "40"}],
    "currency": "EUR",
    "from": "2026-01-01",
}
SEATS = {"code": "seats", "name": "Seats", "kind": "subscription", "quantity": "10", "price": "3.5"}
BUILD = {
    "code": "build",
    "name": "Building",
    "kind": "fixed_price",
    "milestones": [{"name": "M1", "date": "2030-03-01", "amount": "100"}],
}
WORK = {
    "code": "hours",
    "name": "Work",
    "kind": "time_and_material",
    "classes": ["time", "fee"],
    "rule": "FREQ=MONTHLY;BYDAY=3WE",
}
HOURS = {"id": "T1", "date": "2026-02-03", "class": "time", "quantity": "1.5", "price": "90"}


@pytest.fixture(autouse=True)
async def customers(api: httpx.AsyncClient) -> None:
    for code in ("C1", "C2"):
        await ok(api.post("/v1/customers", json={"code": code, "name": code, "time_zone": "Europe/Berlin"}))


@pytest.fixture
async def contract(api: httpx.AsyncClient) -> str:
    made = await ok(api.post(BASE, json=CONTRACT), 201)
    for line in (SEATS, BUILD, WORK):
        await ok(api.post(f"{BASE}/{made['id']}/lines", json=line))
    return f"{BASE}/{made['id']}"


async def test_a_contract_is_signed_once(api: httpx.AsyncClient) -> None:
    made = await api.post(BASE, json=CONTRACT)
    assert made.status_code == 201, made.text
    again = await ok(api.post(BASE, json=CONTRACT), 200)
    assert (again["id"], again["version"], again["changed"]) == (made.json()["id"], 1, False)
    assert_problem(await api.post(BASE, json={**CONTRACT, "name": "Other"}), 409, "contract-number-taken")
    shown = await ok(api.get(made.headers["location"]))
    assert (shown["offset"], shown["frequency"], shown["approval"]) == (2, "monthly", "manual")
    assert (shown["time_zone"], shown["status"], shown["to"]) == ("Europe/Berlin", "active", None)
    assert shown["customers"] == CONTRACT["customers"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"customers": [{"customer": "C1", "percent": "99.99"}]}, "shares-not-100"),
        ({"customers": [{"customer": "C9", "percent": "100"}]}, "unknown-customer"),
        ({"to": "2026-01-01"}, "end-before-start"),
        ({"offset": 367}, "offset-out-of-range"),
        ({"currency": "XXX"}, "unknown-currency"),
    ],
)
async def test_a_bad_contract_is_refused(api: httpx.AsyncClient, more, code) -> None:
    assert_problem(await api.post(BASE, json={**CONTRACT, **more}), 422, code)
    assert not (await ok(api.get("/v1/events?type=billing-contract.signed")))["items"]


async def test_lines_change_from_a_day_on_and_end(api: httpx.AsyncClient, contract: str) -> None:
    line = f"{contract}/lines/seats"
    await ok(api.post(f"{line}/quantity", json={"from": "2026-01-16", "quantity": "12"}))
    await ok(api.post(f"{line}/price", json={"from": "2026-02-01", "price": "4"}))
    await ok(api.post(f"{line}/end", json={"to": "2026-06-01"}))
    await ok(api.post(f"{contract}/lines/build/milestones", json={"name": "M2", "date": "2030-04-01", "amount": "5"}))
    seats, build, work = (await ok(api.get(contract)))["lines"]
    assert [q["quantity"] for q in seats["quantities"]] == ["10", "12"]
    assert [p["price"] for p in seats["prices"]] == ["3.5", "4"]
    assert (seats["to"], [m["name"] for m in build["milestones"]]) == ("2026-06-01", ["M1", "M2"])
    assert (work["first_run"], work["cut_off_days"]) == ("2026-01-21", 1)
    assert not (await ok(api.post(f"{contract}/lines", json=SEATS)))["changed"]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("lines/seats/quantity", {"from": "2025-12-31", "quantity": "1"}, 422, "change-before-start"),
        ("lines/seats/end", {"to": "2026-01-01"}, 422, "end-before-start"),
        ("end", {"to": "2025-01-01"}, 422, "end-before-start"),
        ("lines/seats/milestones", {"name": "M", "date": "2026-03-01", "amount": "1"}, 409, "line-of-other-kind"),
        ("lines/none/price", {"from": "2026-03-01", "price": "1"}, 404, "line-missing"),
        ("lines/hours/transactions", {**HOURS, "class": "material"}, 422, "class-not-taken"),
        ("lines/seats/transactions", HOURS, 409, "line-of-other-kind"),
        ("ready", {"line": "build"}, 422, "mark-unclear"),
        ("unready", {"line": "build", "milestone": "M1"}, 409, "not-ready"),
        ("lines", {**WORK, "code": "w", "rule": "FREQ=SECONDLY"}, 422, "recurrence-too-frequent"),
        ("lines", {**WORK, "code": "w", "rule": "FREQ=DAILY;COUNT=1000000"}, 422, "recurrence-too-many-dates"),
        ("lines", {**BUILD, "code": "b", "milestones": []}, 422, "no-milestone"),
        ("lines", {**SEATS, "price": "9"}, 409, "line-code-taken"),
    ],
)
async def test_bad_input_is_refused_and_nothing_done(api, contract, path, body, status, code) -> None:
    before = await ok(api.get("/v1/feed/position"))
    assert_problem(await api.post(f"{contract}/{path}", json=body), status, code)
    assert await ok(api.get("/v1/feed/position")) == before


async def test_ready_once_and_not_ready_once(api: httpx.AsyncClient, contract: str) -> None:
    await ok(api.post(f"{contract}/lines/hours/transactions", json=HOURS))
    for what in ({"line": "build", "milestone": "M1"}, {"line": "hours", "transaction": "T1"}):
        await ok(api.post(f"{contract}/ready", json=what))
        assert_problem(await api.post(f"{contract}/ready", json=what), 409, "ready-already")
        await ok(api.post(f"{contract}/unready", json=what))
        assert_problem(await api.post(f"{contract}/unready", json=what), 409, "not-ready")


async def test_many_transactions_each_with_its_result(api: httpx.AsyncClient, contract: str) -> None:
    path = f"{contract}/lines/hours/transactions"
    many = [HOURS, HOURS, {**HOURS, "price": "1"}, {**HOURS, "id": "T2", "date": "2027-01-01"}]
    done = await ok(api.post(path, json=[*many, {**HOURS, "id": "T3", "class": "expense"}]))
    assert [r["result"] for r in done["results"]] == ["recorded", "unchanged", "rejected", "recorded", "rejected"]
    assert [r["error"]["code"] for r in done["results"] if r["error"]] == ["transaction-id-taken", "class-not-taken"]
    other_year = {**HOURS, "date": "2027-02-03"}
    assert_problem(await api.post(path, json=other_year), 409, "transaction-id-taken")
    await ok(api.post(f"{path}/T2/cancel", json={"reason": "typed twice"}))
    assert not (await ok(api.post(f"{path}/T2/cancel", json={"reason": "again"})))["changed"]
    assert_problem(await api.post(f"{path}/T9/cancel", json={"reason": "gone"}), 404, "transaction-missing")
    shown = (await ok(api.get(path)))["items"]
    assert [(t["id"], t["amount"], t["cancelled"]) for t in shown] == [("T1", "135", False), ("T2", "135", True)]


async def test_the_schedule_says_what_is_billed_when(api: httpx.AsyncClient, contract: str) -> None:
    shown = await ok(api.get(f"{contract}/schedules", params={"past_from": "2026-01-01"}))
    past = [e for e in shown["items"] if e["run_date"] < shown["today"]]
    assert len(shown["items"]) == len(past) + 12
    first = shown["items"][0]
    assert (first["invoices"], first["skipped"], first["received_lines"]) == ([], [], 0)
    assert {name: first[name] for name in first if name not in ("id", "invoices", "skipped", "received_lines")} == {
        "run_date": "2026-01-21", "kind": "run", "line": "hours", "from": "2026-01-21", "to": "2026-01-21",
        "milestone": None, "cut_off": "2026-01-20", "last_run": False, "overdue": True, "status": "active", "reason": None,
    }  # fmt: skip
    assert [(e["run_date"], e["kind"], e["from"], e["to"]) for e in shown["items"]][1] == (
        "2026-02-02", "cycle", "2026-01-01", "2026-01-31",
    )  # fmt: skip


async def test_amended_and_ended_with_its_versions(api, contract, client_for: MakeClient) -> None:
    halves = [{"customer": c, "percent": "50"} for c in ("C1", "C2")]
    body = {"name": "New", "customers": halves, "shares_from": "2026-03-01", "post_invoicing_tasks": ["send"]}
    assert_problem(await api.patch(contract, json=body, headers={"if-match": '"1"'}), 412, "stale-version")
    assert (await ok(api.patch(contract, json=body, headers={"if-match": '"4"'})))["version"] == 5
    assert (await ok(api.post(f"{contract}/end", json={"to": "2031-01-01"})))["status"] == "ended"
    shown = await ok(api.get(contract))
    assert (shown["name"], shown["to"], [s["from"] for s in shown["shares"]]) == (
        "New", "2031-01-01", ["2026-01-01", "2026-03-01"],
    )  # fmt: skip
    assert (await ok(api.get(contract, params={"as_of": "4"})))["name"] == "Support"
    assert [e["type"] for e in (await ok(api.get(f"{contract}/events")))["items"]][-1] == "billing-contract.ended"
    assert_problem(await api.patch(contract, json={"number": "K-2"}), 422, "invalid-body")
    viewer = await client_for("viewer")
    assert_problem(await viewer.patch(contract, json={"name": "x"}), 403, "role-too-small")
    assert {a["code"] for a in (await ok(viewer.get(contract)))["available_actions"]} == {"role-too-small"}


async def test_a_key_makes_a_command_repeatable(api: httpx.AsyncClient, contract: str) -> None:
    path, key = f"{contract}/ready", {"idempotency-key": "once"}
    first = await ok(api.post(path, json={"line": "build", "milestone": "M1"}, headers=key))
    assert await ok(api.post(path, json={"line": "build", "milestone": "M1"}, headers=key)) == first
    one = f"{contract}/lines/hours/transactions"
    for _ in range(2):
        assert (await ok(api.post(one, json=HOURS, headers=key)))["results"][0]["result"] == "recorded"


async def test_what_is_not_there(api: httpx.AsyncClient) -> None:
    nowhere = f"{BASE}/0f5aa5ac-0000-5000-8000-000000000000"
    for path in ("", "/schedules", "/lines/x/transactions"):
        assert_problem(await api.get(nowhere + path), 404, "billing-contract-missing")


async def test_lists_go_on_beside_contracts(api: httpx.AsyncClient, contract: str, projecting: None) -> None:
    done = await ok(api.post(f"{contract}/lines/hours/transactions", json=HOURS))
    shown = await ok(api.get("/v1/customers", params={"at_least": done["position"]}))
    assert [c["code"] for c in shown["items"]] == ["C1", "C2"]


@pytest.mark.usefixtures("projecting")
async def test_contracts_are_listed(api: httpx.AsyncClient, contract: str) -> None:
    last = await ok(api.post(BASE, json={**CONTRACT, "number": "K-2", "name": "Cloud"}))
    found = await ok(api.get(f"{BASE}?at_least={last['position']}"))
    assert ([item["number"] for item in found["items"]], found["total"]) == (["K-2", "K-1"], 2)
    assert (found["items"][1]["kinds"], found["items"][1]["href"]) == (
        ["fixed_price", "subscription", "time_and_material"], contract,
    )  # fmt: skip
    some = await ok(
        api.get(BASE, params={"q": "cloud", "customer": "C2", "status": "active", "billed_on": "2026-01-01"})
    )
    assert [item["number"] for item in some["items"]] == ["K-2"]
    assert (await ok(api.get(f"{contract}/invoices")))["items"] == []
    assert (await ok(api.get("/v1/billing-schedules", params={"contract": "K-1"})))["items"] == []
    assert (await api.get(f"{BASE}?kind=poem")).status_code == 400
