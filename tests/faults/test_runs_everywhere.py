"""Four schedulers, three workers and two requests run the same 1,000 contracts at once, and are killed at random.

In the end every entry was billed once, invoice by invoice the totals are those of an independent computation, reports
name each invoice once, and nobody was told of an error for the overlap.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from commands.billing_contract.add_line import NewLine, add_line
from commands.billing_contract.change_line import change_line
from commands.billing_contract.sign import NewContract, sign
from commands.keys.create import create_key
from commands.origin import Origin
from commands.reference.save import save
from domain.billing_contract.lines import change_quantity
from domain.billing_contract.parts import FixedPriceTerms, MilestoneTerms, SubscriptionTerms
from domain.billing_contract.shares import Share
from domain.reference.decisions import parse
from domain.reference.kinds import KINDS
from services.settings import load_settings
from services.wiring import Parts, open_parts
from tests.support.own_postgres import own_postgres
from tests.support.processes import Processes
from tests.support.stack import Member, Stack
from tests.support.waiting import eventually_async

pytestmark = pytest.mark.processes

CONTRACTS, SCHEDULERS, WORKERS, KILLS = 1000, 4, 3, 8
SIGNED = datetime(2026, 1, 5, 12, tzinfo=UTC)
BEFORE, DUE = datetime(2026, 1, 31, 1, tzinfo=UTC), datetime(2026, 2, 3, 12, tzinfo=UTC)
MILESTONE, CYCLE = date(2026, 2, 1), date(2026, 2, 2)
ZONES = ("UTC", "Pacific/Auckland", "America/Los_Angeles", "Europe/Berlin")


@dataclass(frozen=True)
class Agreed:
    """Contract n: 31.00 a seat and month, so 1.00 a day; some change on 11 January, some have a milestone of 100.00,
    some are shared by two customers.
    """

    n: int

    @property
    def number(self) -> str:
        return f"K-{self.n:04d}"

    @property
    def seats(self) -> int:
        return 1 + self.n % 7

    @property
    def customers(self) -> list[str]:
        return ["C1", "C2"] if self.n % 5 == 0 else ["C1"]

    def invoices(self) -> Iterator[tuple[str, date, str, Decimal]]:
        """(contract, invoice date, customer, total) that must be there in the end: a count day by day."""
        days = sum(self.seats + (5 if self.n % 3 == 0 and day >= 11 else 0) for day in range(1, 32))
        for customer in self.customers:
            if self.n % 2 == 0:
                yield self.number, MILESTONE, customer, Decimal("100.00") / len(self.customers)
            yield self.number, CYCLE, customer, Decimal(f"{days}.00") / len(self.customers)


AGREED = [Agreed(n) for n in range(CONTRACTS)]


def origin() -> Origin:
    return Origin(uuid4(), "test", SIGNED, SIGNED.date(), "UTC", "test")


async def prepared(parts: Parts) -> str:
    """Customers, the contracts, and a key."""
    await parts.clock.set(SIGNED)  # type: ignore[union-attr]  # it is the test clock
    for code in ("C1", "C2"):
        await save(parts.desk, origin(), KINDS["customer"], parse(KINDS["customer"], {"code": code, "name": code}))
    turn = asyncio.Semaphore(32)

    async def one(agreed: Agreed) -> None:
        async with turn:
            await contract(parts, agreed)

    await asyncio.gather(*(one(agreed) for agreed in AGREED))
    made = await create_key(parts.store, origin(), subject="ops", roles=("admin",), entropy=bytes(32))
    return made.outcome.secret


async def contract(parts: Parts, agreed: Agreed) -> None:
    """Sign one."""
    desk, percent = parts.contracts, Decimal(100) / len(agreed.customers)
    wanted = NewContract(
        number=agreed.number, name="Seats", customers=[Share(code, percent) for code in agreed.customers],
        currency="EUR", starts=date(2026, 1, 1), ends=None, frequency="monthly", offset=2, refund_policy="prorated",
        tasks=(), approval="manual", time_zone=ZONES[agreed.n % 4],
    )  # fmt: skip
    signed = (await sign(desk, origin(), wanted)).outcome.id
    seats = SubscriptionTerms(quantity=Decimal(agreed.seats), price=Decimal(31))
    await add_line(desk, origin(), signed, NewLine("seats", "Seats", None, None, seats))
    if agreed.n % 3 == 0:
        later, more = date(2026, 1, 11), Decimal(agreed.seats + 5)
        await change_line(desk, origin(), signed, lambda known: change_quantity(known.contract, "seats", later, more))
    if agreed.n % 2 == 0:
        one = MilestoneTerms(name="M1", day=MILESTONE, amount=Decimal(100), ready=True)
        await add_line(
            desk, origin(), signed, NewLine("build", "Building", None, None, FixedPriceTerms(milestones=(one,)))
        )


@pytest.mark.timeout(400)
async def test_every_entry_is_billed_once_whoever_runs_it(processes: Processes, tmp_path: Path) -> None:
    dice = random.Random(20260202)
    with own_postgres() as postgres:
        postgres.make_user("ledgerline", "of-this-test")
        url = postgres.url("ledgerline", "of-this-test")
        settings = load_settings(data=tmp_path / "data", database_pool=8, clock="test")
        async with open_parts(settings, database_url=url) as parts:
            key = await prepared(parts)
            await parts.clock.set(BEFORE)  # type: ignore[union-attr]  # as above
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
            requests = [await asked(http.post("/invoice-runs", json=body)) for _ in range(2)]
            await asked(http.post("/invoice-runs", json={"date": "2026-02-02"}))
            await kill(http, mortal, dice, url)
            await eventually_async(
                lambda: all_done(http, [one["id"] for one in requests]), within=240, every=0.5, what="the runs ended"
            )
            await assert_told_of_no_error(http)
        assert_right(url)
        assert set(stack.stop().values()) == {0}


async def asked(request: Any) -> dict[str, Any]:
    answer = await request
    assert answer.status_code < 300, answer.text
    return dict(answer.json())


async def kill(http: httpx.AsyncClient, mortal: list[Member], dice: random.Random, url: str) -> None:
    """One after the other, each once some invoices were made since the last, or all are."""
    expected = sum(1 for agreed in AGREED for _ in agreed.invoices())
    for _ in range(KILLS):
        aim = min(made(url) + dice.randint(40, 160), expected)
        await eventually_async(lambda aim=aim: reached(url, aim), within=120, what="work before a kill")  # type: ignore[misc]
        victim = dice.choice(mortal)
        victim.service.kill()
        victim.service.start()
        await asked(http.get("/jobs"))


def made(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM stored_events WHERE topic = 'customer-invoice.created'"
        ).fetchone()
    return int(row[0]) if row else 0


async def reached(url: str, aim: int) -> bool:
    return await asyncio.to_thread(made, url) >= aim


async def all_done(http: httpx.AsyncClient, requests: list[str]) -> bool:
    """Whether both requests ended, and the scheduler has done all days in all zones."""
    for one in requests:
        if (await asked(http.get(f"/operations/{one}?limit=1")))["status"] != "done":
            return False
    runs = await asked(http.get("/invoice-runs?limit=100"))
    job = await asked(http.get("/jobs/invoice-run"))
    days = {run["date"] for run in runs["items"] if run["cause"] == "run" and run["status"] == "done"}
    return days >= {"2026-02-01", "2026-02-02", "2026-02-03"} and job["last"]["outcome"] == "ok"


async def assert_told_of_no_error(http: httpx.AsyncClient) -> None:
    for operation in (await asked(http.get("/operations?kind=invoice-run&limit=200")))["items"]:
        assert operation["status"] == "done", operation
    invoices: Counter[str] = Counter()
    for run in (await asked(http.get("/invoice-runs?limit=100")))["items"]:
        assert run["counts"]["failed"] == run["counts"]["skipped"] == 0, run
        assert run["contracts"] == sum(run["counts"].values())
        cursor = ""
        while cursor is not None:
            page = await asked(http.get(f"{run['href'][3:]}?outcome=invoiced&limit=200{cursor}"))
            invoices.update(made["id"] for one in page["outcomes"] for made in one["invoices"])
            cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    assert max(invoices.values()) == 1
    assert len(invoices) == sum(1 for agreed in AGREED for _ in agreed.invoices())


def assert_right(url: str) -> None:
    """What was made, by (contract, date, customer), and what entries say of it."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            """
            SELECT b.said ->> 'reference', (b.said ->> 'invoice_date')::date, b.said ->> 'customer',
                (c.said ->> 'revenue_total')::numeric
            FROM (SELECT originator_id, convert_from(state, 'UTF8')::json AS said FROM stored_events
                  WHERE topic = 'customer-invoice.created') AS b
            LEFT JOIN (SELECT originator_id, convert_from(state, 'UTF8')::json AS said FROM stored_events
                       WHERE topic = 'customer-invoice.calculated') AS c USING (originator_id)
            """
        ).fetchall()
        entries = connection.execute(
            "SELECT convert_from(state, 'UTF8')::json -> 'ref' ->> 'entry', count(*) FROM stored_events "
            "WHERE topic = 'billing-contract.invoiced' GROUP BY 1"
        ).fetchall()
    found = Counter((reference.partition("/")[0], day, customer, total) for reference, day, customer, total in rows)
    assert found == Counter(one for agreed in AGREED for one in agreed.invoices())
    assert {count for _, count in entries} == {1}
    assert len(entries) == sum(2 - agreed.n % 2 for agreed in AGREED)
