"""One contract billed by hand: previewed down to its sources, generated as previewed, refused with a code otherwise."""

from typing import Any

import httpx
import pytest

from tests.services.api.conftest import MakeClient, assert_problem
from tests.services.api.steps import ok

BASE = "/v1/billing-contracts"


@pytest.fixture
async def contract(api: httpx.AsyncClient) -> str:
    """Two customers; 10 seats and then 20, a milestone that is ready, an hour of work."""
    for code in ("C1", "C2"):
        await ok(api.post("/v1/customers", json={"code": code, "name": code, "time_zone": "UTC"}))
    shares = [{"customer": "C1", "percent": "60"}, {"customer": "C2", "percent": "40"}]
    body = {"number": "K-1", "name": "K", "customers": shares, "currency": "EUR", "from": "2026-01-01"}
    made = await ok(api.post(BASE, json={**body, "time_zone": "UTC"}), 201)
    url = f"{BASE}/{made['id']}"
    seats = {"code": "seats", "name": "Seats", "kind": "subscription", "quantity": "10", "price": "31"}
    build = {"code": "build", "name": "Building", "kind": "fixed_price"}
    stone = {"name": "M1", "date": "2026-01-20", "amount": "100", "ready": True}
    hours = {"code": "hours", "name": "Work", "kind": "time_and_material", "classes": ["time"]}
    await ok(api.post(f"{url}/lines", json=seats))
    await ok(api.post(f"{url}/lines", json={**build, "milestones": [stone]}))
    await ok(api.post(f"{url}/lines", json={**hours, "rule": "FREQ=MONTHLY;BYDAY=3WE"}))
    await ok(api.post(f"{url}/lines/seats/quantity", json={"from": "2026-01-16", "quantity": "20"}))
    one = {"id": "T1", "date": "2026-01-05", "class": "time", "quantity": "1.5", "price": "90", "ready": True}
    await ok(api.post(f"{url}/lines/hours/transactions", json=one))
    return url


async def state(api: httpx.AsyncClient, contract: str) -> dict[str, Any]:
    shown = await ok(api.get(f"{contract}/schedules", params={"past_from": "2026-01-01"}))
    return {e["run_date"]: (e["status"], len(e["invoices"])) for e in shown["items"]}


async def test_preview_opens_down_to_sources_and_writes_nothing(api: httpx.AsyncClient, contract: str):
    before = await state(api, contract)
    seen = await ok(api.post(f"{contract}/preview", json={"cycle": "2026-01-01"}))
    assert (seen["invoice_date"], seen["invoiced"], seen["warnings"]) == ("2026-02-02", [], [])
    assert [(i["customer"], i["total"]) for i in seen["invoices"]] == [("C1", "423.00"), ("C2", "282.00")]
    by_line = {item["contract_line"]: item for item in seen["invoices"][0]["items"]}
    [seats], [build], [hours] = (by_line[line]["sources"] for line in ("seats", "build", "hours"))
    assert [(s["first"], s["quantity"], s["days"]) for s in seats["segments"]] == [
        ("2026-01-01", "10", 15), ("2026-01-16", "20", 16),
    ]  # fmt: skip
    assert (seats["whole"], seats["share"], by_line["seats"]["amount"]) == ("470.00", "60", "282.00")
    assert [m["name"] for m in build["milestones"]] == ["M1"]
    assert [(t["id"], t["quantity"], hours["amount"]) for t in hours["transactions"]] == [("T1", "1.5", "81.00")]
    assert await state(api, contract) == before


async def test_generated_is_what_was_previewed_and_only_once(api: httpx.AsyncClient, contract: str):
    seen = await ok(api.post(f"{contract}/preview"))
    assert seen["entry"]["from"] == "2026-01-01"
    wrong = await api.post(f"{contract}/generate", json={"expect": "0" * 64})
    outdated = assert_problem(wrong, 409, "preview-outdated")
    assert (outdated["digest"], outdated["differences"]) == (seen["digest"], None)
    made = await ok(api.post(f"{contract}/generate", json={"expect": seen["digest"]}))
    assert [(i["customer"], i["total"]) for i in made["invoices"]] == [("C1", "423.00"), ("C2", "282.00")]
    assert (made["digest"], made["warnings"], made["replaced"]) == (seen["digest"], [], [])
    shown = await ok(api.get(made["invoices"][0]["href"]))
    assert (shown["status"], shown["revenue_total"], shown["invoice_date"]) == ("open", "423.00", "2026-02-02")
    again = assert_problem(await api.post(f"{contract}/generate", json={"cycle": "2026-01-01"}), 409, "cycle-invoiced")
    assert (sorted(again["invoices"]), again["next"]) == (sorted(i["id"] for i in made["invoices"]), "2026-02-01")
    billed = await ok(api.post(f"{contract}/preview", json={"cycle": "2026-01-01"}))
    assert [i["customer"] for i in billed["invoiced"]] == ["C1", "C2"]
    february = await ok(api.post(f"{contract}/generate"))
    assert [i["total"] for i in february["invoices"]] == ["372.00", "248.00"]


async def test_a_future_cycle_is_billed_with_a_warning(api: httpx.AsyncClient, contract: str):
    made = await ok(api.post(f"{contract}/generate", json={"cycle": "2199-01-01"}))
    assert len(made["warnings"]) == 1
    assert "2199-01-31" in made["warnings"][0]
    assert (await state(api, contract))["2026-02-02"][0] == "active"
    to_come = await ok(api.get(f"{contract}/schedules"))
    runs = [e for e in to_come["items"] if e["kind"] == "run" and e["run_date"] > to_come["today"]]
    assert {e["status"] for e in runs} == {"active"}


async def test_what_costs_something_else_is_not_what_was_previewed(api: httpx.AsyncClient, contract: str):
    seen = await ok(api.post(f"{contract}/preview"))
    await ok(api.post(f"{contract}/lines/hours/transactions/T1/cancel", json={"reason": "wrong"}))
    same = {"id": "T2", "date": "2026-01-05", "class": "time", "quantity": "1.5", "price": "90", "cost": "50"}
    await ok(api.post(f"{contract}/lines/hours/transactions", json={**same, "ready": True}))
    now = await ok(api.post(f"{contract}/preview"))
    assert [i["total"] for i in now["invoices"]] == [i["total"] for i in seen["invoices"]]
    assert now["digest"] != seen["digest"]
    outdated = await api.post(f"{contract}/generate", json={"expect": seen["digest"]})
    said = assert_problem(outdated, 409, "preview-outdated")
    assert [(d["what"], d["change"], d.get("customer"), d["before"], d["now"]) for d in said["differences"]] == [
        ("item", "changed", "C1", {"cost": None}, {"cost": "30"}),
        ("item", "changed", "C2", {"cost": None}, {"cost": "20"}),
        ("transactions", "changed", None, {"count": 1}, {"count": 1}),
    ]


async def test_an_outdated_preview_is_answered_with_what_is_different(api: httpx.AsyncClient, contract: str):
    seen = await ok(api.post(f"{contract}/preview"))
    await ok(api.post(f"{contract}/lines/seats/price", json={"from": "2026-01-16", "price": "62"}))
    await ok(api.post(f"{contract}/unready", json={"line": "build", "milestone": "M1"}))
    extra = {"code": "extra", "name": "More", "kind": "subscription", "quantity": "1", "price": "31"}
    await ok(api.post(f"{contract}/lines", json=extra))
    outdated = await api.post(f"{contract}/generate", json={"expect": seen["digest"]})
    said = assert_problem(outdated, 409, "preview-outdated")
    first = [d for d in said["differences"] if d.get("customer") == "C1"]
    assert [(d["what"], d["change"], d.get("line")) for d in first] == [
        ("invoice", "changed", None),
        ("item", "changed", "seats"),
        ("item", "removed", "build"),
        ("item", "added", "extra"),
    ]
    invoice, seats, build, extra = first
    assert (invoice["before"], invoice["now"]) == ({"total": "423.00"}, {"total": "573.60"})
    assert (seats["before"]["amount"], seats["now"]["amount"]) == ("282.00", "474.00")
    assert seats["now"]["made_of"] == ["2026-01-01 to 2026-01-15: 10 x 31", "2026-01-16 to 2026-01-31: 20 x 62"]
    assert (build["now"], build["before"]["amount"], extra["before"], extra["now"]["amount"]) == (
        None, "60.00", None, "18.60",
    )  # fmt: skip
    again = await ok(api.post(f"{contract}/preview"))
    assert again["digest"] == said["digest"]
    await ok(api.post(f"{contract}/generate", json={"expect": said["digest"]}))


async def test_the_same_amount_of_something_else_is_outdated(api: httpx.AsyncClient, contract: str):
    seen = await ok(api.post(f"{contract}/preview", json={"cycle": "2026-02-01"}))
    await ok(api.post(f"{contract}/lines/seats/quantity", json={"from": "2026-02-01", "quantity": "10"}))
    await ok(api.post(f"{contract}/lines/seats/price", json={"from": "2026-02-01", "price": "62"}))
    asked = {"cycle": "2026-02-01", "expect": seen["digest"]}
    said = assert_problem(await api.post(f"{contract}/generate", json=asked), 409, "preview-outdated")
    assert [(d["before"], d["now"]) for d in said["differences"]] == 2 * [
        (
            {"made_of": ["2026-02-01 to 2026-02-28: 20 x 31"]},
            {"made_of": ["2026-02-01 to 2026-02-28: 10 x 62"]},
        )
    ]


async def test_what_is_refused(api: httpx.AsyncClient, contract: str, client_for: MakeClient):
    assert_problem(await api.post(f"{contract}/generate", json={"cycle": "2026-01-02"}), 422, "cycle-unknown")
    assert_problem(await api.post(f"{contract}/preview", json={"cycle": "soon"}), 422, "invalid-body")
    for bad in ({"expect": "1"}, {"replace_existing": "yes"}, {"cycles": ["2026-01-01"]}):
        assert_problem(await api.post(f"{contract}/generate", json=bad), 422, "invalid-body")
    nobody = f"{BASE}/00000000-0000-0000-0000-000000000001"
    assert_problem(await api.post(f"{nobody}/preview"), 404, "billing-contract-missing")
    assert_problem(await api.post(f"{nobody}/generate"), 404, "billing-contract-missing")
    viewer = await client_for("viewer")
    assert (await viewer.post(f"{contract}/preview")).status_code == 200
    assert_problem(await viewer.post(f"{contract}/generate"), 403, "role-too-small")
    stale = await api.post(f"{contract}/generate", headers={"if-match": '"1"'})
    assert_problem(stale, 412, "stale-version")


async def test_a_key_answers_again_what_was_made(api: httpx.AsyncClient, contract: str):
    key = {"idempotency-key": "once"}
    first = await api.post(f"{contract}/generate", headers=key)
    again = await api.post(f"{contract}/generate", headers=key)
    assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")


async def test_what_is_billed_is_replaced_on_request(api: httpx.AsyncClient, contract: str):
    first = await ok(api.post(f"{contract}/generate", json={"cycle": "2026-01-01"}))
    new_price = {"from": "2026-01-01", "price": "62"}
    await ok(api.post(f"{contract}/lines/seats/price", json=new_price))
    asked = {"cycle": "2026-01-01", "replace_existing": True}
    seen = await ok(api.post(f"{contract}/preview", json=asked))
    assert [one["how"] for one in seen["replaced"]] == ["superseded", "superseded"]
    made = await ok(api.post(f"{contract}/generate", json={**asked, "expect": seen["digest"]}))
    assert [(i["customer"], i["total"]) for i in made["invoices"]] == [("C1", "705.00"), ("C2", "470.00")]
    assert {one["id"]: one["by"] for one in made["replaced"]} == {
        old["id"]: new["id"] for old, new in zip(first["invoices"], made["invoices"], strict=True)
    }
    assert "close or delete it" in made["warnings"][-1]
    old = await ok(api.get(first["invoices"][0]["href"]))
    assert (old["status"], old["superseded_by"]) == ("open", made["invoices"][0]["id"])
    new = await ok(api.get(made["invoices"][0]["href"]))
    assert new["contract"]["replaces"] == [old["id"]]
    items = await ok(api.get(f"{made['invoices'][0]['href']}/items"))
    (work,) = [item for item in items["items"] if item["contract_line"] == "hours"]
    opened = await ok(api.get(f"{made['invoices'][0]['href']}/items/{work['id']}/explain"))
    assert [one["id"] for one in opened["transactions"]] == ["T1"]
    refused = await api.post(f"{first['invoices'][0]['href']}/request-approval")
    assert_problem(refused, 409, "superseded")
    entries = await ok(api.get(f"{contract}/schedules", params={"past_from": "2026-01-01"}))
    (cycle,) = [e for e in entries["items"] if e["run_date"] == "2026-02-02"]
    assert [one["superseded"] for one in cycle["invoices"]] == [False, False, True, True]


async def test_corrections_wait_for_an_entry_that_is_due(api: httpx.AsyncClient, contract: str):
    await ok(api.post(f"{contract}/generate"))
    await ok(api.post(f"{contract}/lines/seats/price", json={"from": "2026-01-16", "price": "62"}))
    later = {"name": "M2", "date": "2026-02-10", "amount": "100"}
    await ok(api.post(f"{contract}/lines/build/milestones", json=later))
    seen = await ok(api.post(f"{contract}/preview", json={"cycle": "2026-02-10"}))
    assert (seen["entry"]["milestone"], seen["invoices"]) == ("M2", [])
    not_ready = await api.post(f"{contract}/generate", json={"cycle": "2026-02-10"})
    assert_problem(not_ready, 409, "nothing-to-bill")
    february = await ok(api.post(f"{contract}/preview"))
    kinds = sorted(item["kind"] for item in february["invoices"][0]["items"])
    assert kinds == ["correction", "subscription"]
