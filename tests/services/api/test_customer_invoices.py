"""Customer invoices over HTTP: the verbs of their approval, refusals with codes, numbers and their certificate."""

import asyncio
from datetime import date

import httpx
import pytest

from services.verification import verify_everything
from services.wiring import Parts
from tests.services.api.conftest import MakeClient, assert_problem
from tests.services.api.steps import ok
from tests.support.customer_invoices import created, failed
from tests.support.invoicing import open_invoice, open_invoices, stored

BASE = "/v1/customer-invoices"


@pytest.fixture
async def ann(client_for: MakeClient) -> httpx.AsyncClient:
    return await client_for("approver", "operator", subject="ann")


@pytest.fixture
async def cy(client_for: MakeClient) -> httpx.AsyncClient:
    return await client_for("approver", "operator", subject="cy")


@pytest.fixture(autouse=True)
async def groups(api: httpx.AsyncClient) -> None:
    for code, members, approving in (("finance", ["ann", "bob"], True), ("board", ["cy"], False)):
        body = {"code": code, "name": code, "members": members, "invoice_approval": approving}
        await ok(api.post("/v1/groups", json=body))
    await ok(api.post("/v1/customers", json={"code": "C1", "name": "Customer <i>one</i>"}))


async def two_steps(api: httpx.AsyncClient, **more) -> None:
    steps = [{"group": "finance"}, {"group": "board"}]
    await ok(api.post("/v1/approval-processes", json={"code": "two", "name": "Two", "steps": steps, **more}))
    await ok(api.patch("/v1/customers/C1", json={"approval_process": "two"}))


async def test_one_click(parts: Parts, api: httpx.AsyncClient, ann: httpx.AsyncClient) -> None:
    invoice = await open_invoice(parts.store)
    shown = await ok(ann.get(f"{BASE}/{invoice}"))
    assert (shown["status"], shown["revenue_total"], shown["tax"]) == ("open", "120.00", "not_computed")
    assert {a["action"]: a["code"] for a in shown["available_actions"]}["approve"] is None
    year = parts.business_date(parts.clock.now()).year
    done = await ok(ann.post(f"{BASE}/{invoice}/approve", json={"comment": "good"}, headers={"if-match": '"2"'}))
    assert (done["status"], done["number"], done["changed"]) == ("approved", f"INV-{year}-000001", True)
    assert done["warnings"][0]["code"] == "invoice-empty"
    shown = await ok(ann.get(f"{BASE}/{invoice}"))
    assert (shown["number"], shown["snapshot"]["name"], shown["approved"]["by"]) == (
        done["number"], "Customer <i>one</i>", "ann",
    )  # fmt: skip
    said = (await ok(api.get(f"{BASE}/{invoice}/comments")))["items"]
    assert [(s["what"], s["author"], s["comment"]) for s in said] == [("approval", "ann", "good")]
    assert not (await ok(ann.post(f"{BASE}/{invoice}/approve")))["changed"]


async def test_step_by_step(parts, api, ann, cy) -> None:
    await two_steps(api, four_eyes=True)
    invoice = await open_invoice(parts.store)
    assert_problem(await ann.post(f"{BASE}/{invoice}/approve"), 409, "approval-not-requested")
    asked = await ok(cy.post(f"{BASE}/{invoice}/request-approval"))
    assert (asked["status"], asked["approval"]["step"], asked["approval"]["requested_by"]) == ("approving", 1, "cy")
    assert_problem(await cy.post(f"{BASE}/{invoice}/approve"), 403, "not-in-group")
    await ok(ann.post(f"{BASE}/{invoice}/approve"))
    assert_problem(await cy.post(f"{BASE}/{invoice}/approve"), 409, "four-eyes")
    assert_problem(await cy.post(f"{BASE}/{invoice}/reject", json={"comment": " "}), 422, "comment-missing")
    back = await ok(cy.post(f"{BASE}/{invoice}/reject", json={"comment": "no"}))
    assert (back["status"], back["approval"]["step"]) == ("approving", 1)
    assert_problem(await ann.post(f"{BASE}/{invoice}/withdraw", json={"reason": "r"}), 403, "not-requester")
    assert (await ok(cy.post(f"{BASE}/{invoice}/withdraw", json={"reason": "r"})))["status"] == "pending"
    assert_problem(await cy.post(f"{BASE}/{invoice}/request-approval"), 409, "invoice-pending")
    assert_problem(await cy.post(f"{BASE}/{invoice}/withdraw", json={"reason": "r"}), 409, "approval-not-requested")


async def test_four_eyes_are_of_persons_whichever_key_they_come_by(parts, api, ann, client_for) -> None:
    body = {"code": "one", "name": "One", "steps": [{"group": "finance"}], "four_eyes": True}
    await ok(api.post("/v1/approval-processes", json=body))
    await ok(api.patch("/v1/customers/C1", json={"approval_process": "one"}))
    invoice = await open_invoice(parts.store)
    await ok(ann.post(f"{BASE}/{invoice}/request-approval"))
    desk = await client_for("approver", subject="service:desk", delegate=True)
    other = await client_for("approver", subject="ann")
    assert_problem(await other.post(f"{BASE}/{invoice}/approve"), 409, "four-eyes")
    refused = await desk.post(f"{BASE}/{invoice}/approve", headers={"on-behalf-of": "ann"})
    assert_problem(refused, 409, "four-eyes")
    assert_problem(await desk.post(f"{BASE}/{invoice}/approve"), 403, "not-in-group")
    done = await ok(desk.post(f"{BASE}/{invoice}/approve", headers={"on-behalf-of": "bob"}))
    assert done["status"] == "approved"
    assert (await ok(api.get(f"{BASE}/{invoice}")))["approved"]["by"] == "bob"


async def test_who_did_what_is_not_for_viewers(parts, api, cy, client_for) -> None:
    await two_steps(api)
    invoice = await open_invoice(parts.store)
    await ok(cy.post(f"{BASE}/{invoice}/request-approval"))
    viewer = await client_for("viewer")
    shown = await ok(viewer.get(f"{BASE}/{invoice}"))
    assert "requested_by" not in shown["approval"]
    assert {a["code"] for a in shown["available_actions"]} == {"role-too-small"}


async def test_close_says_what_is_written_off(parts, ann, cy) -> None:
    invoice = await open_invoice(parts.store)
    assert_problem(await cy.post(f"{BASE}/{invoice}/close", json={"reason": "r"}), 403, "not-in-group")
    done = await ok(ann.post(f"{BASE}/{invoice}/close", json={"reason": "bankrupt"}))
    assert (done["status"], done["written_off"]["revenue_total"]) == ("closed", "120.00")
    assert_problem(await ann.post(f"{BASE}/{invoice}/approve"), 409, "invoice-final")


async def test_bad_input_is_refused_with_a_code_and_nothing_done(parts, ann, api) -> None:
    now = parts.business_date(parts.clock.now())
    (invoice,) = await stored(parts.store, [("R-9", [created(reference="R-9", period_to=now)])])
    head = await parts.store.head()
    assert_problem(await ann.post(f"{BASE}/{invoice}/approve"), 409, "invoice-pending")
    assert_problem(
        await ann.post(f"{BASE}/{invoice}/comments", json={"comment": "x" * 10_001}), 422, "comment-too-long"
    )
    assert (await ann.post(f"{BASE}/{invoice}/comments", json={"comment": "x" * 1_000_000})).status_code == 413
    assert_problem(await ann.post(f"{BASE}/{invoice}/close", json={"reason": ""}), 422, "invalid-body")
    missing = "0f5aa5ac-0000-5000-8000-000000000000"
    assert_problem(await ann.post(f"{BASE}/{missing}/approve"), 404, "customer-invoice-missing")
    assert_problem(await api.post(f"{BASE}/{invoice}/approve"), 403, "role-too-small")
    assert await parts.store.head() == head
    early = await open_invoice(parts.store, "R-10", "C1", now)
    assert_problem(await ann.post(f"{BASE}/{early}/approve"), 409, "period-not-past")
    assert_problem(await ann.post(f"{BASE}/{early}/approve", headers={"if-match": '"1"'}), 412, "stale-version")


async def test_an_ad_hoc_invoice_is_in_the_customers_currency_unless_said_otherwise(api) -> None:
    await ok(api.patch("/v1/customers/C1", json={"currency": "CHF"}))
    body = {"customer": "C1", "reference": "R-1", "invoice_date": "2026-03-01", "period_from": "2026-02-01"}
    made = await ok(api.post(BASE, json=body), 201)
    assert (made["currency"], made["period_to"]) == ("CHF", "2026-02-01")
    await ok(api.patch("/v1/customers/C1", json={"currency": "EUR"}))
    assert not (await ok(api.post(BASE, json=body), 200))["changed"]
    assert_problem(await api.post(BASE, json={**body, "period_to": "2026-02-28"}), 409, "reference-taken")
    for wrong, code in (({"currency": "XXX"}, "unknown-currency"), ({"period_to": "9999-12-31"}, "date-too-late")):
        assert_problem(await api.post(BASE, json={**body, "reference": "R-2", **wrong}), 422, code)


async def test_advice_comes_with_the_third_same_failure(parts, api) -> None:
    (one,) = await stored(parts.store, [("R-1", [created(), failed()])])
    shown = await ok(api.get(f"{BASE}/{one}"))
    assert (shown["status"], shown["failure"]["product"], shown["failure"]["advice"]) == ("error", "P1", None)
    (two,) = await stored(parts.store, [("R-2", [created(reference="R-2"), failed(3)])])
    assert "support" in (await ok(api.get(f"{BASE}/{two}")))["failure"]["advice"]


async def test_recalculate_and_delete(parts, ann) -> None:
    invoice = await open_invoice(parts.store)
    again = await ok(ann.post(f"{BASE}/{invoice}/recalculate"))
    assert (again["status"], again["stale"], again["revenue_total"]) == ("pending", True, "120.00")
    gone = await ok(ann.request("DELETE", f"{BASE}/{invoice}", json={"reason": "double"}))
    assert gone["status"] == "deleted"


async def test_a_closed_one_says_why_by_whom_and_whose_it_was(parts, api, ann, client_for) -> None:
    invoice = await open_invoice(parts.store)
    done = await ok(ann.post(f"{BASE}/{invoice}/close", json={"reason": "goodwill"}))
    assert done["written_off"] == {"lines": 0, "cost": "0", "costs": [], "revenue_total": "120.00"}
    await ok(api.patch("/v1/customers/C1", json={"name": "Renamed"}))
    shown = await ok(api.get(f"{BASE}/{invoice}"))
    assert (shown["closed"]["reason"], shown["closed"]["by"]) == ("goodwill", "ann")
    assert (shown["closed"]["written_off"], shown["snapshot"]["name"]) == (done["written_off"], "Customer <i>one</i>")
    viewer = await client_for("viewer", subject="vera")
    assert "by" not in (await ok(viewer.get(f"{BASE}/{invoice}")))["closed"]


async def test_the_same_key_gets_the_same_number_however_often_and_at_once(parts, ann) -> None:
    invoices = await open_invoices(parts.store, 8, customers=1)
    calls = [
        ann.post(f"{BASE}/{one}/approve", headers={"idempotency-key": f"key-{one}"})
        for one in invoices
        for _ in range(3)
    ]
    answers = await asyncio.gather(*(ok(call) for call in calls))
    numbers = {(a["id"], a["number"]) for a in answers}
    assert len(numbers) == 8
    assert len({number for _, number in numbers}) == 8


async def test_the_certificate_and_verify(parts: Parts, api: httpx.AsyncClient, ann: httpx.AsyncClient) -> None:
    invoices = await open_invoices(parts.store, 5)
    for one in invoices:
        await ok(ann.post(f"{BASE}/{one}/approve"))
    year = parts.business_date(parts.clock.now()).year
    proof = await ok(api.get(f"/v1/invoice-number-series/default/certificate?year={year}&limit=2"))
    assert (proof["first"], proof["last"], proof["count"], proof["sound"]) == (
        f"INV-{year}-000001", f"INV-{year}-000005", 5, True,
    )  # fmt: skip
    assert (len(proof["numbers"]), proof["next_after"], len(proof["digest"])) == (2, 2, 64)
    assert date.fromisoformat(proof["numbers"][0]["date"]).year == year
    rest = await ok(api.get("/v1/invoice-number-series/default/certificate?after=2"))
    assert [n["sequence"] for n in rest["numbers"]] == [3, 4, 5]
    assert (await ok(api.get("/v1/invoice-number-series/default/certificate?year=1999")))["count"] == 0
    assert_problem(await api.get("/v1/invoice-number-series/none/certificate"), 404, "not-found")
    checks = await asyncio.to_thread(lambda: list(verify_everything(parts.database_url, parts.settings)))
    (numbers,) = [c for c in checks if c.name == "invoice numbers"]
    assert (numbers.sound, numbers.figures) == (True, "5 numbers in 1 series and years")
