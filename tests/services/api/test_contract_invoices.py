"""Invoices of contracts over HTTP: found by contract and by schedule entry, with their lines down to the sources."""

from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest

from commands.ports.event_store import Save, Write
from domain.billing_contract.events import LineAdded
from domain.billing_contract.parts import FixedPriceTerms
from domain.identity import Stream
from services.wiring import Parts
from tests.services.api.steps import ok
from tests.support.origins import origin
from tests.support.waiting import eventually_async

BASE = "/v1/billing-contracts"
INVOICES = "/v1/customer-invoices"
CONTRACT: dict[str, Any] = {
    "number": "K-1",
    "name": "Support",
    "customers": [{"customer": "C1", "percent": "60"}, {"customer": "C2", "percent": "40"}],
    "currency": "EUR",
    "from": "2025-09-01",
    "time_zone": "UTC",
}
LINES: list[dict[str, Any]] = [
    {"code": "seats", "name": "Seats", "kind": "subscription", "quantity": "10", "price": "3"},
    {
        "code": "build",
        "name": "Building",
        "kind": "fixed_price",
        "milestones": [
            {"name": "M1", "date": "2025-09-20", "amount": "100", "ready": True},
            {"name": "M2", "date": "2025-09-21", "amount": "7"},
        ],
    },
    {
        "code": "hours",
        "name": "Work",
        "kind": "time_and_material",
        "classes": ["time"],
        "rule": "FREQ=MONTHLY;BYDAY=3WE",
    },
]
HOURS = [
    {"id": "T1", "date": "2025-09-03", "class": "time", "quantity": "1.5", "price": "90", "ready": True},
    {
        "id": "T2",
        "date": "2025-09-04",
        "class": "time",
        "quantity": "1",
        "price": "80",
        "ready": True,
        "customer": "C2",
    },
]


@pytest.fixture
async def contract(api: httpx.AsyncClient) -> str:
    for code in ("C1", "C2"):
        await ok(api.post("/v1/customers", json={"code": code, "name": code}))
    made = await ok(api.post(BASE, json=CONTRACT), 201)
    for line in LINES:
        await ok(api.post(f"{BASE}/{made['id']}/lines", json=line))
    await ok(api.post(f"{BASE}/{made['id']}/lines/hours/transactions", json=HOURS))
    return str(made["id"])


async def billed(api: httpx.AsyncClient, contract: str, first: str, last: str) -> list[dict[str, Any]]:
    """The invoices of a run on request, as their resources."""
    body = {"from": first, "to": last, "contracts": [contract]}
    asked = await ok(api.post("/v1/invoice-runs", json=body), 202)

    async def ended() -> dict[str, Any] | None:
        shown = await ok(api.get(f"/v1/operations/{asked['id']}"))
        return None if shown["status"] in ("queued", "running") else shown

    await eventually_async(ended)
    report = await ok(api.get(f"/v1/invoice-runs/{asked['id']}"))
    made = [one for outcome in report["outcomes"] for one in outcome["invoices"]]
    return [await ok(api.get(one["href"])) for one in made]


async def opened(api: httpx.AsyncClient, invoice: dict[str, Any], line: str) -> list[dict[str, Any]]:
    """The items of a line, explained."""
    items = (await ok(api.get(f"{INVOICES}/{invoice['id']}/items")))["items"]
    mine = [item["id"] for item in items if item["contract_line"] == line]
    return [await ok(api.get(f"{INVOICES}/{invoice['id']}/items/{id_}/explain")) for id_ in mine]


@pytest.mark.usefixtures("working")
async def test_items_are_opened_down_to_their_sources(api: httpx.AsyncClient, contract: str) -> None:
    line = f"{BASE}/{contract}/lines/seats"
    await ok(api.post(f"{line}/quantity", json={"from": "2025-09-16", "quantity": "20"}))
    invoices = await billed(api, contract, "2025-09-01", "2025-10-02")
    assert {i["contract"]["number"] for i in invoices} == {"K-1"}
    by_day = {(i["customer"], i["invoice_date"]): i for i in invoices}
    [seats] = await opened(api, by_day["C1", "2025-10-02"], "seats")
    assert (seats["whole"], seats["part"], seats["amount"], seats["share"]) == ("45.00", "27.00", "27.00", "60")
    quantities = [(one["quantity"], one["days"], one["of_days"]) for one in seats["segments"]]
    assert (seats["cycle"], quantities) == ("2025-09-01", [("10", 15, 30), ("20", 15, 30)])
    [build] = await opened(api, by_day["C2", "2025-09-20"], "build")
    assert (build["amount"], build["milestones"]) == (
        "40.00", [{"name": "M1", "date": "2025-09-20", "amount": "100"}],
    )  # fmt: skip
    [work] = await opened(api, by_day["C2", "2025-09-17"], "hours")
    assert (work["amount"], [one["id"] for one in work["transactions"]]) == ("134.00", ["T1", "T2"])
    [work] = await opened(api, by_day["C1", "2025-09-17"], "hours")
    assert (work["amount"], [one["id"] for one in work["transactions"]]) == ("81.00", ["T1"])
    await ok(api.post(f"{line}/price", json={"from": "2025-09-21", "price": "6"}))
    later = [i for i in await billed(api, contract, "2025-10-03", "2025-11-02") if i["customer"] == "C1"]
    correction, october = [item for invoice in later for item in await opened(api, invoice, "seats")]
    assert (correction["kind"], correction["part"], correction["billed"]) == ("correction", "39.00", "27.00")
    assert (correction["amount"], october["amount"]) == ("12.00", "72.00")
    [again] = await opened(api, by_day["C1", "2025-10-02"], "seats")
    assert again == seats  # as it was known when it was billed


@pytest.mark.usefixtures("working")
async def test_recalculated_an_item_opens_as_the_contract_is_now(api: httpx.AsyncClient, contract: str) -> None:
    invoices = await billed(api, contract, "2025-10-02", "2025-10-02")
    [mine] = [one for one in invoices if one["customer"] == "C1"]
    await ok(api.post(f"{BASE}/{contract}/lines/seats/price", json={"from": "2025-09-16", "price": "6"}))
    assert (await ok(api.post(f"{INVOICES}/{mine['id']}/recalculate")))["status"] == "pending"

    async def calculated() -> dict[str, Any] | None:
        shown = await ok(api.get(f"{INVOICES}/{mine['id']}"))
        return shown if shown["status"] == "open" else None

    shown = await eventually_async(calculated)
    [seats] = await opened(api, shown, "seats")
    assert (seats["whole"], seats["part"], seats["billed"], seats["amount"]) == ("45.00", "27.00", None, "27.00")
    assert [(one["price"], one["days"]) for one in seats["segments"]] == [("3", 15), ("6", 15)]
    assert shown["contract"]["version"] > mine["contract"]["version"]


@pytest.mark.usefixtures("working", "projecting")
async def test_lists_find_them_by_contract_and_by_entry(api: httpx.AsyncClient, contract: str) -> None:
    invoices = await billed(api, contract, "2025-09-20", "2025-10-02")
    position = (await ok(api.get("/v1/feed/position")))["position"]
    of_contract = await ok(api.get(INVOICES, params={"contract": "K-1", "at_least": position}))
    assert {one["id"] for one in of_contract["items"]} == {one["id"] for one in invoices}
    [day] = {one["invoice_date"] for one in invoices if one["invoice_date"] == "2025-10-02"}
    [entry] = {entry for one in invoices if one["invoice_date"] == day for entry in one["contract"]["entries"]}
    of_entry = (await ok(api.get(INVOICES, params={"schedule": entry})))["items"]
    assert {(one["customer"], one["contract"], one["schedules"][0]) for one in of_entry} == {
        ("C1", "K-1", entry),
        ("C2", "K-1", entry),
    }
    of_its_own = await ok(api.get(f"{BASE}/{contract}/invoices"))
    assert of_its_own["total"] == len(invoices) == 4


@pytest.mark.usefixtures("working", "projecting")
async def test_what_is_left_behind_when_a_line_ends_is_a_problem(api: httpx.AsyncClient, contract: str) -> None:
    late = {**HOURS[0], "id": "T3", "date": "2025-09-22", "ready": False}
    await ok(api.post(f"{BASE}/{contract}/lines/hours/transactions", json=late))
    for line in ("hours", "build"):
        await ok(api.post(f"{BASE}/{contract}/lines/{line}/end", json={"to": "2025-10-01"}))
    await billed(api, contract, "2025-09-01", "2025-10-02")
    position = (await ok(api.get("/v1/feed/position")))["position"]
    items = (await ok(api.get("/v1/problems", params={"at_least": position})))["items"]
    work, build = [one for one in items if one["problem"] == "unbilled_at_end"]
    assert (work["contract"], work["line"], work["transactions"]) == ("K-1", "hours", 1)
    assert (build["contract"], build["line"], build["milestones"]) == ("K-1", "build", 1)  # M1 is billed
    assert "left 1 milestones (2025-09-21 to 2025-09-21), not ready" in build["messages"][0]
    assert not [one for one in items if one["problem"] in ("contract_not_billed", "superseded_open")]


@pytest.mark.usefixtures("working", "projecting")
async def test_a_line_that_was_skipped_is_a_problem_until_a_billing_has_it(
    api: httpx.AsyncClient, parts: Parts
) -> None:
    async def skipped() -> list[Any]:
        position = (await ok(api.get("/v1/feed/position")))["position"]
        items = (await ok(api.get("/v1/problems", params={"at_least": position})))["items"]
        return [one for one in items if one["problem"] == "line_skipped"]

    await ok(api.post("/v1/customers", json={"code": "C1", "name": "C1"}))
    body = {**CONTRACT, "customers": [{"customer": "C1", "percent": "100"}]}
    contract = (await ok(api.post(BASE, json=body), 201))["id"]
    await ok(api.post(f"{BASE}/{contract}/lines", json=LINES[0]))
    without = FixedPriceTerms(milestones=())  # as facts of another time may have it
    fact = LineAdded(contract="K-1", line="build", name="B", starts=date(2025, 9, 1), ends=None, terms=without)
    history = await parts.store.load(Stream("billing-contract", UUID(contract)))
    await parts.store.append(Save(origin(), (Write(history, (fact,)),)))
    await billed(api, contract, "2025-09-01", "2025-10-02")
    [problem] = await skipped()
    assert (problem["contract"], problem["line"], problem["code"]) == ("K-1", "build", "no-milestone")
    assert problem["messages"][0].startswith("K-1 was billed without line build (on 2025-10-02).")
    shown = (await ok(api.get(f"{BASE}/{contract}/schedules", params={"past_from": "2025-10-01"})))["items"]
    [entry] = [one for one in shown if one["skipped"]]
    assert (entry["run_date"], entry["skipped"][0]["line"]) == ("2025-10-02", "build")
    milestone = {"name": "M1", "date": "2025-10-20", "amount": "100"}
    await ok(api.post(f"{BASE}/{contract}/lines/build/milestones", json=milestone))
    await billed(api, contract, "2025-10-03", "2025-11-02")
    assert await skipped() == []
