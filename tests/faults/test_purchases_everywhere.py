"""Purchases come from many clients while invoices are calculated, requested, approved and reopened, and processes die.

Two APIs and two workers. In the end each accepted purchase is on exactly one invoice, and each invoice's quantity and
revenue equal an independent sum over the purchases that say they are on it.
"""

import random
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.identity import periodical_invoice_stream
from tests.faults.conftest import Steady
from tests.faults.steady_client import SteadyHttp
from tests.faults.test_kill_anything import full_key
from tests.support.own_postgres import OwnPostgres, own_postgres
from tests.support.processes import Processes
from tests.support.stack import Stack
from tests.support.waiting import eventually

pytestmark = pytest.mark.processes
PASSWORD = "of-this-test"
CUSTOMERS = ("K1", "K2", "K3")
POSTERS, LISTS, EACH = 16, 6, 8
PRICE = Decimal(2)


def month_before(day: date) -> date:
    """The first day of the month before."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


THIS = date.today().replace(day=1)  # noqa: DTZ011 - the processes run by the real clock, in UTC
MONTHS = (month_before(month_before(THIS)), month_before(THIS))


@pytest.fixture
def postgres() -> Iterator[OwnPostgres]:
    with own_postgres() as server:
        server.make_user("ledgerline", PASSWORD)
        yield server


@pytest.fixture
def stack(processes: Processes, postgres: OwnPostgres, tmp_path: Path) -> Stack:
    variables = {
        "LEDGERLINE_DATABASE_URL": postgres.url("ledgerline", PASSWORD),
        "LEDGERLINE_DATABASE_POOL": "8",
        "LEDGERLINE_DATA": str(tmp_path / "data"),
        "LEDGERLINE_RATE_LIMIT": "0",
        "LEDGERLINE_LOG_FORMAT": "json",
    }
    started = Stack(processes)
    for kind in ("api", "worker"):
        for _ in range(2):
            started.start(kind, [kind], variables)
    started.wait_until_ready(within=180)
    return started


class Poster(threading.Thread):
    """Posts lists, some of them twice; `accepted` are keys with their quantity."""

    def __init__(self, number: int, http: SteadyHttp) -> None:
        super().__init__()
        self.accepted: dict[str, Decimal] = {}
        self.failed: BaseException | None = None
        self._number, self._http, self._dice = number, http, random.Random(number)

    def run(self) -> None:
        try:
            for batch in range(LISTS):
                body = [self._purchase(f"{self._number}-{batch}-{n}") for n in range(EACH)]
                for _ in range(self._dice.choice((1, 1, 2))):
                    told = self._http.send("POST", "/purchases", json=body)["results"]
                    assert {r["outcome"] for r in told} <= {"accepted", "duplicate"}
                self.accepted |= {f"{p['customer']}/{p['key']}": Decimal(p["quantity"]) for p in body}
        except BaseException as error:  # noqa: BLE001 - told by the thread that waits for this one
            self.failed = error
        finally:
            self._http.close()

    def _purchase(self, key: str) -> dict[str, Any]:
        day = self._dice.choice(MONTHS) + timedelta(days=self._dice.randint(0, 26))
        quantity = Decimal(self._dice.randint(1, 9_999)) / 1000
        customer = self._dice.choice(CUSTOMERS)
        time = f"{day.isoformat()}T12:00:00Z"
        return {"key": key, "customer": customer, "product": "P1", "quantity": str(quantity), "time": time}


class Manager(threading.Thread):
    """Requests, withdraws, rejects and now and then approves whatever it finds; refusals are part of the game."""

    def __init__(self, address: str, key: str, enough: threading.Event) -> None:
        super().__init__()
        self.done: dict[str, int] = defaultdict(int)
        self.requested = threading.Event()
        """Once: on a slow machine no invoice may be open while purchases still pour in."""
        self._base, self._enough, self._dice = f"{address}/v1/customer-invoices", enough, random.Random(7)
        self._headers = {"Authorization": f"Bearer {key}"}

    def run(self) -> None:
        verbs = ["request-approval", "withdraw", "reject", "recalculate", "request-approval", "approve"]
        with httpx.Client(timeout=30) as http:
            while not self._enough.wait(0.02):
                verb, approvals = self._dice.choice(verbs), self.done["approve"]
                if verb == "approve" and approvals >= len(CUSTOMERS) - 1:
                    continue
                invoice = self._dice.choice(all_invoices())
                person = {"On-Behalf-Of": "requester" if verb in {"request-approval", "withdraw"} else "lead"}
                body = {"withdraw": {"reason": "r"}, "reject": {"comment": "c"}}.get(verb)
                with suppress(httpx.HTTPError):
                    url = f"{self._base}/{invoice}/{verb}"
                    answer = http.post(url, headers={**self._headers, **person}, json=body)
                    assert answer.status_code < 500 or answer.status_code == 503, answer.text
                    self.done[verb] += answer.is_success
                    if self.done["request-approval"]:
                        self.requested.set()


def all_invoices() -> list[str]:
    """Ids of the periodical invoices that purchases are posted for."""
    return [str(periodical_invoice_stream(c, month).id) for c in CUSTOMERS for month in (*MONTHS, THIS)]


@pytest.mark.timeout(900)
def test_each_purchase_is_on_one_invoice_and_all_sums_agree(stack: Stack, steady: Steady) -> None:
    addresses = [member.address for member in stack.of("api")]
    key = full_key(stack)
    admin = steady(addresses, key)
    set_up(admin)
    body = {"subject": "approvals", "roles": ["approver", "operator"], "delegate": True}
    approvals = admin.command("approvals", "POST", "/keys", json=body)["secret"]
    enough = threading.Event()
    manager = Manager(addresses[0], approvals, enough)
    posters = [Poster(n, steady(addresses[n % 2 :] + addresses[: n % 2], key)) for n in range(POSTERS)]
    for thread in (manager, *posters):
        thread.start()
    try:
        for name in ("worker-1", "api-2", "worker-2", "worker-1"):
            if any(poster.is_alive() for poster in posters):
                victim = stack.members[name].service
                victim.kill()
                victim.start()
                stack.wait_until_ready()
    finally:
        for poster in posters:
            poster.join()
        manager.requested.wait(120)
        enough.set()
        manager.join()
    assert [p.failed for p in posters if p.failed] == []
    at_rest(admin, approvals, addresses[0])

    accepted = {k: q for poster in posters for k, q in poster.accepted.items()}
    stored = every_purchase(admin)
    assert {f"{p['customer']}/{p['key']}": Decimal(p["quantity"]) for p in stored} == accepted
    assert len(stored) == len(accepted) == POSTERS * LISTS * EACH
    assert {p["state"] for p in stored} == {"invoiced"}
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for purchase in stored:
        sums[purchase["customer_invoice"]] += Decimal(purchase["quantity"])
    assert set(sums) <= set(all_invoices())
    for invoice in all_invoices():
        found = admin.send("GET", f"/customer-invoices/{invoice}")
        items = admin.send("GET", f"/customer-invoices/{invoice}/items", params={"limit": 200})["items"]
        assert sum(Decimal(i["quantity"]) for i in items) == sums[invoice], found
        assert sum(Decimal(i["amount"]) for i in items) == Decimal(found["revenue_total"] or 0)
        assert abs(Decimal(found["revenue_total"] or 0) - sums[invoice] * PRICE) < Decimal("0.05")
    assert manager.done["request-approval"], manager.done
    assert stack.stop() == dict.fromkeys(stack.members, 0)


def set_up(admin: SteadyHttp) -> None:
    admin.send("PUT", "/products/P1", json={"name": "Compute"})
    price = {"family": "per_unit", "unit_price": str(PRICE)}
    admin.send("PUT", "/pricing-rules/ALL", json={"name": "Two euros", "currency": "EUR", "price": price})
    group = {"name": "Leads", "members": ["lead"], "invoice_approval": True}
    admin.send("PUT", "/groups/LEADS", json=group)
    for code in CUSTOMERS:
        admin.send("PUT", f"/customers/{code}", json={"name": code, "bill_from": MONTHS[0].isoformat()})


def at_rest(admin: SteadyHttp, approvals: str, address: str) -> None:
    """Nothing is locked any more, nothing waits, nothing is to be calculated."""
    headers = {"Authorization": f"Bearer {approvals}", "On-Behalf-Of": "requester"}

    def quiet() -> bool:
        states = {}
        for invoice in all_invoices():
            states[invoice] = admin.send("GET", f"/customer-invoices/{invoice}")["status"]
            if states[invoice] == "approving":
                url = f"{address}/v1/customer-invoices/{invoice}/withdraw"
                httpx.post(url, headers=headers, json={"reason": "r"}, timeout=30)
        waiting = admin.send("GET", "/purchases", params={"state": ["arriving", "waiting"], "limit": 1})["total"]
        return waiting == 0 and set(states.values()) <= {"open", "approved"}

    eventually(quiet, within=180, every=0.3, what="all purchases are on an invoice that is calculated")


def every_purchase(admin: SteadyHttp) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = admin.send("GET", "/purchases", params={"limit": 200, **cursor})
        rows += page["items"]
        if page["next_cursor"] is None:
            return rows
        cursor = {"cursor": page["next_cursor"]}
