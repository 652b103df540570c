"""Four schedulers, three workers, a run on request and two bulk generations take the same 1,000 contracts at once.

They are killed at random, PostgreSQL once. In the end every entry was billed once, invoice by invoice the totals are
those of an independent computation, reports and results name each invoice once, and nobody was told of an error for the
overlap.
"""

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.settings import load_settings
from services.wiring import open_parts
from tests.faults.agreed_contracts import Agreed, asked, assert_billed_once, billed, entries_of, prepared
from tests.support.own_postgres import OwnPostgres, own_postgres
from tests.support.processes import Processes
from tests.support.stack import Member, Stack
from tests.support.waiting import eventually_async

pytestmark = pytest.mark.processes

CONTRACTS, SCHEDULERS, WORKERS, KILLS = 1000, 4, 3, 8
BEFORE, DUE = datetime(2026, 1, 31, 1, tzinfo=UTC), datetime(2026, 2, 3, 12, tzinfo=UTC)
POSTGRES = 4
"""The kill that is PostgreSQL's."""
AGREED = [Agreed(n) for n in range(CONTRACTS)]


@pytest.mark.timeout(600)
async def test_every_entry_is_billed_once_whoever_bills_it(processes: Processes, tmp_path: Path) -> None:
    dice = random.Random(20260202)
    with own_postgres() as postgres:
        postgres.make_user("ledgerline", "of-this-test")
        url = postgres.url("ledgerline", "of-this-test")
        settings = load_settings(data=tmp_path / "data", database_pool=8, clock="test")
        async with open_parts(settings, database_url=url) as parts:
            key = await prepared(parts, AGREED)
            await parts.clock.set(BEFORE)  # type: ignore[union-attr]  # it is the test clock
        variables = {
            "LEDGERLINE_DATABASE_URL": url,
            "LEDGERLINE_DATABASE_POOL": "4",
            "LEDGERLINE_DATA": str(tmp_path / "data"),
            "LEDGERLINE_RATE_LIMIT": "0",
            "LEDGERLINE_CLOCK": "test",
        }
        stack = Stack(processes)
        api = stack.start("api", ["api"], variables)
        mortal = [stack.start("scheduler", ["scheduler"], variables) for _ in range(SCHEDULERS)]
        mortal += [stack.start("worker", ["worker"], variables) for _ in range(WORKERS)]
        await asyncio.to_thread(stack.wait_until_ready, within=120)
        headers = {"authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(base_url=f"{api.address}/v1", headers=headers, timeout=30) as http:
            await asked(http.put("/test-clock", json={"now": DUE.isoformat()}))
            numbers = [agreed.number for agreed in AGREED]
            body = {"from": "2026-01-01", "to": "2026-02-03", "contracts": numbers}
            operations = [await asked(http.post("/invoice-runs", json=body))]
            operations += [await bulk(http, dice.sample(numbers, CONTRACTS), f"bulk-{n}") for n in range(2)]
            await asked(http.post("/invoice-runs", json={"date": "2026-02-02"}))
            await kill(http, postgres, mortal, dice, url)
            await eventually_async(
                lambda: all_done(http, [one["id"] for one in operations]), within=240, every=0.5, what="all has ended"
            )
            invoices = await told_of(http)
        assert max(invoices.values()) == 1
        assert set(invoices) == assert_billed_once(url, AGREED)
        assert set(stack.stop().values()) == {0}


async def bulk(http: httpx.AsyncClient, numbers: list[str], key: str) -> dict[str, Any]:
    """January of all of them, by hand."""
    items = [{"contract": number, "cycle": "2026-01-01"} for number in numbers]
    headers = {"idempotency-key": key}
    return await asked(http.post("/billing-contracts/bulk-generate", json={"items": items}, headers=headers))


async def kill(
    http: httpx.AsyncClient, postgres: OwnPostgres, mortal: list[Member], dice: random.Random, url: str
) -> None:
    """One after the other, each once some entries were billed since the last, or all are."""
    expected = entries_of(AGREED)
    for number in range(KILLS):
        aim = min(await asyncio.to_thread(billed, url) + dice.randint(40, 160), expected)
        await eventually_async(lambda aim=aim: reached(url, aim), within=120, what="work before a kill")  # type: ignore[misc]
        if number == POSTGRES:
            postgres.kill()
            await asyncio.to_thread(postgres.start)
        else:
            victim = dice.choice(mortal)
            victim.service.kill()
            victim.service.start()
        await eventually_async(lambda: asked(http.get("/jobs")), within=60, what="the API answers")
    for member in mortal:
        assert member.service.alive(), f"{member.name} has ended by itself:\n{member.service.output()[-3000:]}"


async def reached(url: str, aim: int) -> bool:
    return await asyncio.to_thread(billed, url) >= aim


async def all_done(http: httpx.AsyncClient, operations: list[str]) -> bool:
    """Whether these ended, and the scheduler has done all days in all zones."""
    for one in operations:
        if (await asked(http.get(f"/operations/{one}?limit=1")))["status"] != "done":
            return False
    runs = await asked(http.get("/invoice-runs?limit=100"))
    job = await asked(http.get("/jobs/invoice-run"))
    days = {run["date"] for run in runs["items"] if run["cause"] == "run" and run["status"] == "done"}
    return days >= {"2026-02-01", "2026-02-02", "2026-02-03"} and job["last"]["outcome"] == "ok"


async def told_of(http: httpx.AsyncClient) -> Counter[str]:
    """Invoices by how often reports and results name them; no report and no result is of an error."""
    invoices: Counter[str] = Counter()
    for run in (await asked(http.get("/invoice-runs?limit=100")))["items"]:
        assert run["counts"]["failed"] == run["counts"]["skipped"] == 0, run
        assert run["contracts"] == sum(run["counts"].values())
        cursor = ""
        while cursor is not None:
            page = await asked(http.get(f"{run['href'][3:]}?outcome=invoiced&limit=200{cursor}"))
            invoices.update(made["id"] for one in page["outcomes"] for made in one["invoices"])
            cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    for operation in (await asked(http.get("/operations?limit=200")))["items"]:
        assert operation["status"] == "done", operation
        if operation["kind"] == "bulk-generate":
            results = (await asked(http.get(f"{operation['href'][3:]}?limit=1000")))["results"]
            assert len(results) == operation["done"] == operation["total"] == CONTRACTS
            assert {(one["outcome"], one["data"]["code"]) for one in results} <= {
                ("invoiced", None), ("skipped", "cycle-invoiced"),
            }  # fmt: skip
            invoices.update(made["id"] for one in results for made in one["data"]["invoices"])
    return invoices
