"""300 contracts generated in bulk by a worker that is killed in the middle several times: each is billed once.

It is killed while it stores: the test holds the row that every result goes through, so that the worker waits with a
transaction open, and lets go of it when the worker is dead.
"""

import asyncio
from pathlib import Path

import httpx
import psycopg
import pytest

from services.settings import load_settings
from services.wiring import open_parts
from tests.faults.agreed_contracts import Agreed, asked, assert_billed_once, billed, prepared
from tests.support.own_postgres import own_postgres
from tests.support.processes import Processes
from tests.support.stack import Member, Stack
from tests.support.waiting import eventually, eventually_async

pytestmark = pytest.mark.processes

AGREED = [Agreed(n) for n in range(300)]
AIMS = (1, 100, 200)
"""The worker is killed when so many have a result."""


@pytest.mark.timeout(400)
async def test_each_is_billed_once_and_has_one_result(processes: Processes, tmp_path: Path) -> None:
    with own_postgres() as postgres:
        postgres.make_user("ledgerline", "of-this-test")
        url = postgres.url("ledgerline", "of-this-test")
        settings = load_settings(data=tmp_path / "data", database_pool=8, clock="test")
        async with open_parts(settings, database_url=url) as parts:
            key = await prepared(parts, AGREED)
        variables = {
            "LEDGERLINE_DATABASE_URL": url,
            "LEDGERLINE_DATABASE_POOL": "4",
            "LEDGERLINE_DATA": str(tmp_path / "data"),
            "LEDGERLINE_CLOCK": "test",
        }
        stack = Stack(processes)
        api = stack.start("api", ["api"], variables)
        worker = stack.start("worker", ["worker"], variables)
        await asyncio.to_thread(stack.wait_until_ready, within=120)
        headers = {"authorization": f"Bearer {key}", "idempotency-key": "once"}
        async with httpx.AsyncClient(base_url=f"{api.address}/v1", headers=headers, timeout=30) as http:
            items = [{"contract": agreed.number} for agreed in AGREED]
            operation = await asked(http.post("/billing-contracts/bulk-generate", json={"items": items}))
            for aim in AIMS:
                await asyncio.to_thread(kill_in_the_middle, url, operation["id"], aim, worker)
                worker.service.start()
            await eventually_async(lambda: ended(http, operation["id"]), within=180, every=0.2, what="it has ended")
            shown = await asked(http.get(f"/operations/{operation['id']}?limit=1000"))
        assert (shown["status"], shown["done"], shown["total"]) == ("done", 300, 300)
        results = {one["data"]["number"]: one for one in shown["results"]}
        assert {number: one["outcome"] for number, one in results.items()} == {
            agreed.number: "invoiced" for agreed in AGREED
        }
        told = [made["id"] for one in shown["results"] for made in one["data"]["invoices"]]
        assert len(told) == len(set(told))
        assert set(told) == assert_billed_once(url, AGREED)
        assert set(stack.stop().values()) == {0}


def kill_in_the_middle(url: str, operation: str, aim: int, worker: Member) -> None:
    """Once so many have a result: nothing is stored from then on until the worker is dead."""
    with psycopg.connect(url, autocommit=True) as connection:

        def reached() -> bool:
            row = connection.execute("SELECT done FROM operation WHERE operation = %s", [operation]).fetchone()
            return row is not None and row[0] >= aim

        eventually(reached, within=120, every=0.005, what=f"{aim} results")
        with connection.transaction():
            connection.execute("SELECT FROM operation WHERE operation = %s FOR UPDATE", [operation])
            counted = connection.execute(
                "SELECT count(*) FROM operation_item WHERE operation = %s", [operation]
            ).fetchone()
            assert counted is not None
            assert aim <= counted[0] < len(AGREED), f"{counted[0]} were done: it was not killed in the middle"
            assert billed(url) >= counted[0]
            worker.service.kill()


async def ended(http: httpx.AsyncClient, operation: str) -> bool:
    return (await asked(http.get(f"/operations/{operation}?limit=1")))["status"] == "done"
