"""Provider invoices are taken back, offered again, taken out and adjusted while customer invoices are calculated, locked,
approved, closed and deleted, over HTTP, by many at once; a worker is killed in the middle of it.

Two APIs and two workers. In the end `verify` finds nothing, each line and purchase is in one place, all sums agree.
"""

import asyncio
import time
from pathlib import Path

import httpx
import psycopg
import pytest

from services.settings import Settings
from services.verification import verify_everything
from tests.faults import test_purchases_everywhere as everywhere
from tests.faults.conftest import Steady
from tests.faults.steady_client import SteadyHttp
from tests.faults.stirring import AD_HOC, CUSTOMERS, INVOICES, MONTHS, REASON, Shared, Stirrer, ad_hoc
from tests.faults.test_kill_anything import full_key
from tests.support.in_place import expect_all_in_place
from tests.support.own_postgres import OwnPostgres
from tests.support.shop import open_shop
from tests.support.stack import Stack
from tests.support.waiting import eventually

pytestmark = pytest.mark.processes
postgres, stack = everywhere.postgres, everywhere.stack
STIRRERS, LONGEST = 6, 120.0
WANTED = {"release", "reoffer", "deactivate", "adjust", "delete", "request-approval", "withdraw", "approve", "close"}
"""What must have succeeded at least once, beside routing and calculating: else nothing raced."""


def set_up(admin: SteadyHttp) -> None:
    paper = {"provider": "PAPER"}
    admin.send("PUT", "/providers/PAPER", json={"name": "Paper"})
    admin.send("PUT", "/products/P1", json={"name": "Compute", "identifiers": [{**paper, "identifier": "p-1"}]})
    price = {"family": "per_unit", "unit_price": str(everywhere.PRICE)}
    admin.send("PUT", "/pricing-rules/ALL", json={"name": "Two euros", "currency": "EUR", "price": price})
    admin.send("PUT", "/groups/LEADS", json={"name": "Leads", "members": ["lead"], "invoice_approval": True})
    for code in CUSTOMERS:
        identifiers = [{**paper, "identifier": code.lower()}]
        body = {"name": code, "bill_from": MONTHS[0].isoformat(), "identifiers": identifiers}
        admin.send("PUT", f"/customers/{code}", json=body)
    for reference in AD_HOC:
        admin.send("POST", "/customer-invoices", json=ad_hoc(reference))


def at_rest(admin: SteadyHttp, address: str, key: str, url: str) -> None:
    """Nothing is locked any more, nothing is on its way, nothing is to be calculated."""
    headers = {"Authorization": f"Bearer {key}", "On-Behalf-Of": "requester"}

    def quiet() -> bool:
        states = {i: admin.send("GET", f"/customer-invoices/{i}")["status"] for i in INVOICES}
        for invoice in (i for i, status in states.items() if status == "approving"):
            httpx.post(f"{address}/v1/customer-invoices/{invoice}/withdraw", headers=headers, json=REASON, timeout=30)
        waiting = admin.send("GET", "/purchases", params={"state": ["arriving", "waiting"], "limit": 1})["total"]
        with psycopg.connect(url) as connection:
            due = connection.execute("SELECT count(*) FROM usage_due WHERE state <> 'unrouted'").fetchone()
        return (waiting, due) == (0, (0,)) and set(states.values()) <= {"open", "approved", "closed"}

    eventually(quiet, every=0.3, what="all usage is on an invoice that is calculated")


async def in_place(url: str, folder: Path) -> None:
    async with open_shop(url, folder) as shop:
        await expect_all_in_place(shop, everywhere.PRICE)


@pytest.mark.timeout(400)
def test_nothing_is_lost_whoever_wins(stack: Stack, steady: Steady, postgres: OwnPostgres, tmp_path: Path) -> None:
    addresses, key = [member.address for member in stack.of("api")], full_key(stack)
    admin = steady(addresses, key)
    set_up(admin)
    body = {"subject": "all", "roles": ["admin", "approver", "operator"], "delegate": True}
    everything = admin.command("all", "POST", "/keys", json=body)["secret"]
    shared = Shared()
    stirrers = [Stirrer(n, addresses, everything, shared) for n in range(STIRRERS)]
    for thread in stirrers:
        thread.start()
    try:
        eventually(lambda: sum(shared.done.values()) > 100 or any(s.failed for s in stirrers), what="it is under way")
        victim = stack.members["worker-1"].service
        victim.kill()
        victim.start()
        end = time.monotonic() + LONGEST
        while WANTED - shared.done.keys() and time.monotonic() < end and not any(s.failed for s in stirrers):
            shared.enough.wait(0.2)
    finally:
        shared.enough.set()
        for thread in stirrers:
            thread.join()
    assert [s.failed for s in stirrers if s.failed] == []
    assert shared.done.keys() >= WANTED, (shared.done, shared.refused)
    stack.wait_until_ready()
    url = postgres.url("ledgerline", everywhere.PASSWORD)
    at_rest(admin, addresses[0], everything, url)
    assert stack.stop() == dict.fromkeys(stack.members, 0)
    settings = Settings(_env_file=None, data=tmp_path / "data")
    assert {c.name: c.findings for c in verify_everything(url, settings, recalculate=True) if not c.sound} == {}
    asyncio.run(in_place(url, tmp_path))
