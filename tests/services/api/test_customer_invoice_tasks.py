"""Post-invoicing tasks over HTTP: by hand on an approved invoice, and what the resource says of them."""

from uuid import uuid4

import pytest

from domain.customer_invoice.tasks import armed
from domain.identity import ad_hoc_invoice_stream
from tests.services.api.conftest import assert_problem
from tests.services.api.steps import allowed, ok
from tests.support.customer_invoices import approved_fact, calculated, created
from tests.support.invoicing import open_invoice, stored
from tests.support.waiting import eventually_async

BASE = "/v1/customer-invoices"


async def an_approved(parts, *tasks) -> str:
    stream = ad_hoc_invoice_stream("R-1")
    names = {"reference": "R-1", "customer": "C1"}
    facts = [created(**names), *armed(stream.id, **names, tasks=tasks, by="run"), calculated(**names)]
    await stored(parts.store, [("R-1", [*facts, approved_fact(**names)])])
    return f"{BASE}/{stream.id}"


async def test_only_what_is_approved_and_only_what_there_is(parts, api):
    draft = await open_invoice(parts.store, reference="R-2")
    for name in ("send", "sync", "charge"):
        assert_problem(await api.post(f"{BASE}/{draft}/tasks/{name}"), 409, "not-approved")
    assert_problem(await api.post(f"{BASE}/{draft}/tasks/print"), 404, "not-found")
    assert_problem(await api.post(f"{BASE}/{uuid4()}/tasks/send"), 404, "customer-invoice-missing")
    assert (await ok(api.get(f"{BASE}/{draft}")))["tasks"] == []


async def test_roles(parts, api, client_for):
    invoice = await an_approved(parts)
    for role in ("viewer", "approver", "auditor"):
        caller = await client_for(role)
        assert_problem(await caller.post(f"{invoice}/tasks/send"), 403, "role-too-small")
        assert "tasks/send" not in allowed(await ok(caller.get(invoice)))
    operator = await client_for("operator")
    assert {"tasks/send", "tasks/sync", "tasks/charge"} <= allowed(await ok(operator.get(invoice)))
    assert (await ok(operator.post(f"{invoice}/tasks/send")))["changed"]


async def test_armed_then_asked(parts, api):
    """Without a worker it stays armed; asked twice it is one."""
    invoice = await an_approved(parts)
    first = await ok(api.post(f"{invoice}/tasks/charge"), 200)
    assert not (await ok(api.post(f"{invoice}/tasks/charge", json={"again": False}), 200))["changed"]
    shown = await ok(api.get(invoice))
    assert shown["version"] == first["version"]
    assert shown["tasks"] == first["tasks"]
    (task,) = shown["tasks"]
    assert task == {
        "task": "charge",
        "status": "armed",
        "round": 1,
        "key": f"{invoice.removeprefix(BASE + '/')}:charge",
        "armed_by": "hand",
        "tries": 0,
        "since": None,
        "next_try": None,
        "error": None,
    }


async def test_what_a_worker_made_of_it(parts, api, working, projecting):
    """No endpoint is set up and the customer has no address: one waits, one failed; a notice and a problem say so."""
    invoice = await an_approved(parts, "send", "charge")

    async def look():
        tasks = {task["task"]: task for task in (await ok(api.get(invoice)))["tasks"]}
        waits = tasks["charge"]["next_try"] and tasks["charge"]["status"] == "unknown"
        return tasks if waits and tasks["send"]["status"] == "failed" else None

    tasks = await eventually_async(look)
    assert tasks["send"]["error"]["code"] == "no-recipient"
    assert (tasks["charge"]["error"]["code"], tasks["charge"]["tries"]) == ("not-set-up", 1)
    assert tasks["charge"]["next_try"] > tasks["charge"]["since"]

    async def raised():
        found = (await ok(api.get("/v1/events?after=0&type=notice.raised")))["items"]
        return [event["data"] for event in found]

    (notice,) = await eventually_async(raised)
    assert (notice["template"], notice["values"]["number"]) == ("task-failed", "INV-1")

    async def listed():
        return (await ok(api.get("/v1/problem-invoices?kind=failed_task")))["items"]

    (problem,) = await eventually_async(listed)
    assert (problem["kinds"], problem["code"], problem["tries"]) == (["failed_task"], "no-recipient", 1)
    assert problem["messages"][0].startswith("INV-1 of C1: send failed after 1 try: The customer C1 has no e-mail")
    assert f"POST {invoice}/tasks/send" in problem["next_steps"][0]
    assert (await ok(api.get("/v1/problems")))["items"][-1]["problem"] == "customer_invoice"


async def test_again_needs_a_key_so_that_a_repeat_is_none(parts, api):
    invoice = await an_approved(parts)
    again = {"again": True}
    assert_problem(await api.post(f"{invoice}/tasks/sync", json=again), 400, "idempotency-key-missing")
    headers = {"idempotency-key": "once-more"}
    first = await ok(api.post(f"{invoice}/tasks/sync", json=again, headers=headers))
    repeat = await api.post(f"{invoice}/tasks/sync", json=again, headers=headers)
    assert (repeat.headers["idempotency-replayed"], repeat.json()["version"]) == ("true", first["version"])


@pytest.mark.parametrize("code", ["invoice", "task-failed"])
async def test_texts_can_be_seen_before_they_are_saved(api, code):
    shown = await ok(api.post(f"/v1/notification-templates/{code}/preview"))
    assert "INV-2026-000001" in shown["subject"]
