"""Chapters in which imported usage finds its invoice, is priced, approved and numbered."""

import time
from typing import Any, Final

from services.demo.client import PATIENCE, DemoFailed
from services.demo.stage import Stage

MONTH: Final = "2026-10"
FIRST: Final = f"{MONTH}-01"
NEW: Final = ("C901", "C902")
"""Customers that errors.csv brought: not billed yet."""
EXAMPLE: Final = "C001"


def set_prices(stage: Stage) -> None:
    """Rules are reference data, too: saving one says what it hides."""
    put = stage.admin.send
    for body in _rules():
        answer = put("PUT", f"/pricing-rules/{body['code']}", body)
        hidden = ", ".join(h["code"] for h in answer.get("hides", ()))
        stage.say(f"[bold]{body['code']}[/] {body['name']}" + (f" [dim](hides {hidden})[/]" if hidden else ""))
    put("PUT", "/groups/LEADS", {"name": "Billing leads", "members": ["lead-1", "lead-2"], "invoice_approval": True})
    put("PUT", "/groups/CFO", {"name": "Finance", "members": ["cfo"], "invoice_approval": True})
    steps = [{"group": "LEADS"}, {"group": "CFO"}]
    put("PUT", "/approval-processes/TWO-STEPS", {"name": "Leads, then finance", "steps": steps, "four_eyes": True})
    put("PATCH", "/customers/C002", {"approval_process": "TWO-STEPS"})
    put("PUT", "/approval-processes/default", {"name": "One lead", "steps": [{"group": "LEADS"}]})
    for number in range(1, len(stage.world.customers) + 1):
        put("PATCH", f"/customers/C{number:03}", {"bill_from": FIRST})


def find_invoices(stage: Stage) -> None:
    """No command was sent for any of this: workers route what was activated, and calculate."""
    items = _settled(stage)
    rows = [
        (i["customer"], i["customer_name"], i["status"], f"{i['lines']:,}", i["cost_total"], i["revenue_total"] or "")
        for i in items
    ]
    columns = ("customer", "name", "status", "lines", "cost", "revenue")
    stage.show("October, by customer", columns, rows, right=("lines", "cost", "revenue"))
    stage.expect("invoices of October", {i["status"] for i in items}, {"open"})
    new = {i["customer"] for i in items} & set(NEW)
    stage.expect("customers that are not billed", new, set())
    for code in NEW:
        stage.admin.send("PATCH", f"/customers/{code}", {"bill_from": FIRST})
    late = _settled(stage, len(items) + len(NEW))
    found = [i for i in late if i["customer"] in NEW]
    stage.say(
        "Two customers that errors.csv had brought were not billed at all: their usage waited. With bill_from set:"
    )
    for i in found:
        stage.say(f"  {i['customer']}: {i['lines']} lines, {i['revenue_total']} {i['currency']}")
    stage.expect("their lines", all(i["lines"] for i in found), True)


def leak_check(stage: Stage) -> None:
    """Every cent of a provider invoice is somewhere."""
    found = stage.invoice("FOCUSCLOUD", "FC-1001")
    usage = stage.clerk.get(f"/provider-invoices/{found['id']}/usage")
    places = ("billed", "written_off", "difference")
    rows = [
        (c["customer"] or "nobody", c["cost"], ", ".join(c["excluded"]) or "-", *(c[p] for p in places))
        for c in usage["customers"]
    ]
    columns = ("customer", "cost", "excluded", "billed", "written off", "leaked")
    stage.show("FC-1001: what it cost us, and where it is", columns, rows, right=("cost", "billed", "written off"))
    stage.expect("leaks", {c["difference"] for c in usage["customers"]}, {"0"})


def wrong_purchase(stage: Stage) -> None:
    """A purchase without a cost under a cost-plus rule: never free, never lost, named."""
    body = {
        "key": "support-1",
        "customer": EXAMPLE,
        "product": "SUPPORT",
        "quantity": "3.5",
        "unit": "h",
        "time": f"{MONTH}-20T09:00:00Z",
    }
    stage.admin.send("PUT", "/products/SUPPORT", {"name": "Support, by the hour", "unit": "h"})
    stage.clerk.send("POST", "/purchases", body)
    again = stage.clerk.send("POST", "/purchases", body)
    stage.expect("the same purchase again", again["outcome"], "duplicate")
    failed = _wait(stage, EXAMPLE, "error")
    stage.say(f"{failed['customer']}'s invoice is in error:")
    stage.quote(failed["failure"]["message"])
    price = {"family": "per_unit", "unit_price": "95"}
    rule = {"name": "Support at 95.00 an hour", "product": "SUPPORT", "currency": "EUR", "price": price}
    stage.admin.send("PUT", "/pricing-rules/SUPPORT-HOUR", rule)
    mended = _wait(stage, EXAMPLE, "open")
    stage.say(f"A rule was saved, and it is open again by itself: {mended['revenue_total']} {mended['currency']}.")


def approve(stage: Stage) -> None:
    """Groups, steps, four eyes; a number comes with the last approval, and nobody can take it back."""
    lead, other, finance = (stage.acting_for(person) for person in ("lead-1", "lead-2", "cfo"))
    first = _one(stage, EXAMPLE)
    approved = lead.send("POST", f"/customer-invoices/{first['id']}/approve", {"comment": "Checked."})
    stage.say(f"{EXAMPLE}: one step, one click: [bold]{approved['number']}[/]")
    second = _one(stage, "C002")
    path = f"/customer-invoices/{second['id']}"
    stage.clerk.send("POST", f"{path}/request-approval")
    other.send("POST", f"{path}/approve", {})
    finance.send("POST", f"{path}/reject", {"comment": "Which project is this for?"})
    lead.send("POST", f"{path}/reject", {"comment": "The customer will tell us."})
    reopened = _wait(stage, "C002", "open")
    stage.say(f"C002: approved by a lead, rejected by finance, rejected by a lead: {reopened['status']} again.")
    stage.clerk.send("POST", f"{path}/request-approval")
    lead.send("POST", f"{path}/approve", {})
    done = finance.send("POST", f"{path}/approve", {"comment": "Now I see."})
    stage.say(f"C002: two steps, two persons: [bold]{done['number']}[/]")
    third = _one(stage, "C003")
    closed = lead.send("POST", f"/customer-invoices/{third['id']}/close", {"reason": "Goodwill after an outage"})
    lost = closed["written_off"]
    stage.say(f"C003: closed, never sent, no number; written off: {lost['lines']} lines that cost {lost['cost']} EUR.")
    body = {"action": "approve", "filter": {"view": "ready_to_approve", "period_from": FIRST, "period_to": FIRST}}
    stage.clerk.catch_up()
    _settled(stage)
    asked = lead.send("POST", "/customer-invoices/bulk", body, **{"Idempotency-Key": "demo-bulk"})
    operation = stage.clerk.finished(asked)
    stage.say(f"All others of October at once: {operation['message']}")


def certificate(stage: Stage) -> None:
    """The list, and the proof that no number is missing."""
    items = stage.clerk.listed("/customer-invoices", view="complete")
    rows = [
        (i["number"] or "-", i["customer"], i["customer_name"], i["status"], i["revenue_total"], i["currency"])
        for i in sorted(items, key=lambda i: i["number"] or "~")
    ]
    stage.show("", ("number", "customer", "name", "status", "revenue", ""), rows, right=("revenue",))
    proof = stage.clerk.get("/invoice-number-series/default/certificate")
    stage.say(f"Series default {proof['year']}: {proof['first']} to {proof['last']}, {proof['count']} numbers, no gap.")
    stage.expect("findings", proof["findings"], [])
    stage.expect("numbers", proof["count"], sum(i["status"] == "approved" for i in items))


def explain(stage: Stage) -> None:
    """Why does it cost that? Down to the provider's file and line."""
    invoice = _one(stage, EXAMPLE)
    items = stage.clerk.get(f"/customer-invoices/{invoice['id']}/items", limit=200)["items"]
    rows = [
        (i["product"] or i["kind"].replace("_", " "), i["rule"], i["quantity"] or "", i["cost"] or "", i["amount"])
        for i in items
    ]
    columns = ("what", "rule", "quantity", "cost", "amount")
    stage.show(f"{EXAMPLE}'s invoice", columns, rows, right=("quantity", "cost", "amount"))
    traffic = next(i for i in items if i["rule"] == "TRAFFIC")
    tree = stage.clerk.get(f"/customer-invoices/{invoice['id']}/items/{traffic['id']}/explain")
    rule = tree["rule"]
    stage.say(f"{tree['product']} by [bold]{rule['code']}[/] version {tree['rule_version']} ({rule['name']}):")
    for step in tree["steps"]:
        stage.quote("  ".join(f"{name} {value}" for name, value in step.items() if value is not None))
    stage.quote(f"exactly {tree['rounding']['exact']}, rounded once: {tree['amount']} {tree['currency']}")
    source = tree["purchases"][0]["sources"][0]
    stage.say(f"of {tree['lines']} lines; the first ones are in {source['provider']} {source['invoice_number']}:")
    for file in source["files"]:
        stage.quote(f"{file['part']}  sha256 {file['sha256'][:16]}…  lines {source['lines'][0]['first']} and on")


def _rules() -> list[dict[str, Any]]:
    tiers = [{"up_to": "500", "unit_price": "0.11"}, {"unit_price": "0.09"}]
    common = {"currency": "EUR", "valid_from": FIRST}
    return [
        {"code": "COST-PLUS", "name": "Cost and 15 %", "price": {"family": "cost_plus", "percent": "15"}, **common},
        {
            "code": "TRAFFIC",
            "name": "Outbound traffic, cheaper above 500 GB",
            "product": "P008",
            "price": {"family": "graduated", "tiers": tiers},
            **common,
        },
        {
            "code": "SERVICE",
            "name": "Service fee",
            "customer": EXAMPLE,
            "price": {"family": "flat_fee", "amount": "49.00"},
            **common,
        },
    ]


def _one(stage: Stage, customer: str) -> dict[str, Any]:
    """A customer's invoice of October, from its aggregate."""
    listed = stage.clerk.listed("/customer-invoices", customer=customer, period_from=FIRST, period_to=FIRST)
    found: dict[str, Any] = stage.clerk.get(f"/customer-invoices/{listed[0]['id']}")
    return found


def _wait(stage: Stage, customer: str, status: str) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = _one(stage, customer)
        if found["status"] == status:
            stage.clerk.catch_up()
            return found
        time.sleep(0.1)
    raise DemoFailed(f"{customer}'s invoice is not {status} within {PATIENCE:.0f} s")


def _settled(stage: Stage, count: int = 0) -> list[dict[str, Any]]:
    """October's invoices, once all of them are calculated."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        stage.clerk.catch_up()
        items = stage.clerk.listed("/customer-invoices", period_from=FIRST, period_to=FIRST)
        settled = all(i["status"] != "pending" and i["lines"] for i in items)
        if settled and len(items) >= max(count, len(stage.world.customers)):
            return sorted(items, key=lambda i: i["customer"])
        time.sleep(0.1)
    raise DemoFailed(f"October's invoices are not calculated within {PATIENCE:.0f} s")


def history(stage: Stage) -> None:
    """Who asked, who said no, who said yes."""
    invoice = _one(stage, "C002")
    events = stage.clerk.get(f"/customer-invoices/{invoice['id']}/events")["items"]
    rows = [
        (
            e["version"],
            e["type"].removeprefix("customer-invoice."),
            e["recorded_at"][11:23],
            f"{e['actor']} by {e['agent']}" if e.get("agent") else e["actor"],
            e["data"].get("comment") or "",
            e["hash"][:8],
        )
        for e in events
    ]
    stage.show("C002's invoice of October", ("", "what", "at", "who", "said", "hash"), rows)
