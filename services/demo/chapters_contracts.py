"""Chapters in which a contract bills its month: schedules, the run of the day, its invoices, and the same day again."""

import datetime as dt
import time
from collections.abc import Sequence
from typing import Any, Final

from services.demo.client import PATIENCE, DemoFailed
from services.demo.stage import Stage

NUMBER: Final = "K-2026-001"
CUSTOMERS: Final = ("K01", "K02")
"""Billed by this contract alone: without bill_from nothing else takes their usage."""
_DAY: Final = dt.timedelta(days=1)


def agree(stage: Stage) -> None:
    """One contract, two customers, a line of every kind; its month ended yesterday."""
    today = _today()
    first = _month_before(today)
    send = stage.clerk.send
    for code, name in zip(CUSTOMERS, ("Workshop", "Workshop, branch office"), strict=True):
        stage.admin.send("PUT", f"/customers/{code}", {"name": name})
    made = send("POST", "/billing-contracts", _contract(first, today))
    path = f"/billing-contracts/{made['id']}"
    for line in _lines(today):
        send("POST", f"{path}/lines", line)
    changed = today - 15 * _DAY
    send("POST", f"{path}/lines/SEATS/quantity", {"from": changed.isoformat(), "quantity": "15"})
    stage.say(f"{NUMBER}, 60 % {CUSTOMERS[0]} and 40 % {CUSTOMERS[1]}: its cycle began on {first}.")
    stage.say(f"10 seats at 30.00 a month, and 15 from {changed} on.")
    worked = (("visit", 4, "6", None), ("review", 3, "2.5", CUSTOMERS[1]))
    for name, days, hours, customer in worked:
        day = today - days * _DAY
        body = {"id": name, "date": day.isoformat(), "class": "time", "quantity": hours, "price": "110"}
        send("POST", f"{path}/lines/WORK/transactions", {**body, "customer": customer, "ready": True})
    used = {"key": "contract-1", "customer": CUSTOMERS[0], "product": "SUPPORT", "quantity": "2", "unit": "h"}
    send("POST", "/purchases", {**used, "time": f"{_next_month(first) - 3 * _DAY}T10:00:00Z"})
    _waits(stage)
    _schedules(stage, made["id"], "What will be billed when, before anything runs")


def run(stage: Stage) -> None:
    """The run of a day: asked for, watched, reported; the same day again finds nothing left."""
    contract = contract_of(stage)
    today = _today()
    report = _run(stage, today)
    stage.expect("invoices of the run", (report["counts"]["invoiced"], report["invoices"]), (1, 2))
    [outcome] = report["outcomes"]
    for made in outcome["invoices"]:
        _invoice(stage, made)
    stage.clerk.catch_up()
    listed = stage.clerk.listed(f"/billing-contracts/{contract}/invoices")
    stage.expect("the contract's invoices", len(listed), 2)
    _schedules(stage, contract, "What became of the schedule")
    again = _run(stage, today)
    stage.expect("the same day again", (again["counts"], again["invoices"]), (report["counts"], 2))
    stage.clerk.catch_up()
    after = stage.clerk.listed(f"/billing-contracts/{contract}/invoices")
    stage.expect("invoices after that", {i["id"]: i["version"] for i in after}, {i["id"]: i["version"] for i in listed})
    stage.say("The same day once more: nothing was left to bill, and nothing happened.")


def explain(stage: Stage) -> None:
    """The change in mid-cycle, by day."""
    made = stage.clerk.listed(f"/billing-contracts/{contract_of(stage)}/invoices", view="live")
    one = next(i for i in made if i["customer"] == CUSTOMERS[0])
    items = stage.clerk.get(f"/customer-invoices/{one['id']}/items")["items"]
    seats = next(i for i in items if i["contract_line"] == "SEATS")
    tree = stage.clerk.get(f"/customer-invoices/{one['id']}/items/{seats['id']}/explain")
    for part in tree["segments"]:
        days = f"{part['days']} / {part['of_days']}"
        stage.quote(f"{part['first']} to {part['last']}: {part['quantity']} x {part['price']} x {days}")
    stage.quote(f"together {tree['whole']}, of which {tree['share']} %: {tree['amount']} {tree['currency']}")
    stage.expect("parts of the cycle", [p["quantity"] for p in tree["segments"]], ["10", "15"])


def _waits(stage: Stage) -> None:
    """Until a worker has found the cycle that will bill what was used."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        [used] = stage.clerk.get("/purchases", customer=CUSTOMERS[0])["items"]
        if used["state"] == "waiting" and used["schedule_entry"]:
            stage.say("Two hours of support were used: they wait for the cycle.")
            return
        time.sleep(0.05)
    raise DemoFailed(f"no cycle of {NUMBER} waits for {CUSTOMERS[0]}'s usage: it is {used}")


def _run(stage: Stage, day: dt.date) -> dict[str, Any]:
    """The report of the day's run, once it has ended."""
    asked = stage.admin.send("POST", "/invoice-runs", {"date": day.isoformat()})
    ended = stage.clerk.finished(asked)
    stage.expect("the run", ended["status"], "done")
    report: dict[str, Any] = stage.clerk.get(f"/invoice-runs/{day}")
    counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in report["counts"].items())
    stage.say(f"The invoice run of {day}: {report['contracts']} contract due: {counts}; {report['invoices']} invoices.")
    return report


def _invoice(stage: Stage, made: dict[str, Any]) -> None:
    path = f"/customer-invoices/{made['id']}"
    invoice = stage.clerk.get(path)
    stage.expect(f"{made['reference']}", invoice["status"], "open")
    rows = [
        (i["contract_line"] or "usage", i["kind"].replace("_", " "), i["rule"], i["quantity"] or "", i["amount"])
        for i in stage.clerk.get(f"{path}/items")["items"]
    ]
    title = f"{made['reference']}: {invoice['revenue_total']} {invoice['currency']}"
    stage.show(title, ("line", "what", "rule", "quantity", "amount"), rows, right=("quantity", "amount"))
    usage = [row for row in rows if row[1] == "price"]
    stage.expect(f"usage of {made['customer']}", len(usage), 1 if made["customer"] == CUSTOMERS[0] else 0)


def _schedules(stage: Stage, contract: str, title: str) -> None:
    entries: Sequence[dict[str, Any]] = stage.clerk.get(f"/billing-contracts/{contract}/schedules")["items"]
    rows = [
        (
            e["run_date"],
            e["kind"],
            e["line"] or "all others",
            e["milestone"] or f"{e['from']} to {e['to']}",
            e["reason"] or e["status"],
            ", ".join(i["customer"] for i in e["invoices"]),
        )
        for e in entries[:6]
    ]
    stage.show(title, ("billed on", "entry", "line", "of", "status", "invoices to"), rows)


def _contract(first: dt.date, today: dt.date) -> dict[str, Any]:
    last = _next_month(first) - _DAY
    return {
        "number": NUMBER,
        "name": "Managed workplace",
        "customers": [{"customer": c, "percent": p} for c, p in zip(CUSTOMERS, ("60", "40"), strict=True)],
        "currency": "EUR",
        "from": first.isoformat(),
        "frequency": "monthly",
        "offset": (today - last).days,
        "time_zone": "UTC",
    }


def _lines(today: dt.date) -> Sequence[dict[str, Any]]:
    milestone = {"name": "Moved in", "date": today.isoformat(), "amount": "1000.00", "ready": True}
    later = {"name": "Settled", "date": (today + 40 * _DAY).isoformat(), "amount": "500.00"}
    return (
        {"code": "SEATS", "name": "Workplaces", "kind": "subscription", "quantity": "10", "price": "30"},
        {"code": "MOVE", "name": "The move", "kind": "fixed_price", "milestones": [milestone, later]},
        {
            "code": "WORK",
            "name": "Work by the hour",
            "kind": "time_and_material",
            "classes": ["time"],
            "rule": f"FREQ=MONTHLY;BYMONTHDAY={today.day}",
        },
        {"code": "USE", "name": "What is used", "kind": "usage", "products": ["SUPPORT"]},
    )


def contract_of(stage: Stage) -> str:
    """The contract's id."""
    return str(stage.clerk.listed("/billing-contracts", number=NUMBER)[0]["id"])


def _today() -> dt.date:
    """The day in the contract's zone, which is UTC."""
    return dt.datetime.now(dt.UTC).date()


def _month_before(today: dt.date) -> dt.date:
    """The start of a monthly cycle that has ended by today, by at most some days."""
    last = today.replace(day=1) - _DAY
    return last.replace(day=min(today.day, last.day, 28))


def _next_month(first: dt.date) -> dt.date:
    return (first.replace(day=1) + 31 * _DAY).replace(day=first.day)
