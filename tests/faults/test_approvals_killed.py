"""32 approvers at once over several APIs and a bulk in a worker, all killed at random, PostgreSQL too: 2,000 invoices.

In the end the numbers are 1..n without gap or double, every approved invoice has exactly one, the one that was
acknowledged, and none that was closed has one.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from commands.customer_invoice.certificate import certify, check_numbers
from commands.keys.create import create_key
from commands.origin import Origin
from commands.ports.event_store import Save, Write
from commands.reference.save import save
from domain.customer_invoice.state import fold
from domain.identity import Stream, ad_hoc_invoice_stream
from domain.reference.decisions import parse
from domain.reference.kinds import KINDS
from services.settings import load_settings
from services.wiring import Parts, open_parts
from tests.support.customer_invoices import calculated, created
from tests.support.own_postgres import own_postgres
from tests.support.processes import Processes
from tests.support.stack import Member, Stack
from tests.support.waiting import eventually_async

pytestmark = pytest.mark.processes

INVOICES, APPROVERS, APIS = 2000, 32, 3
IN_BULK, RACED, CLOSED = 500, 300, 60
"""Invoices approved by bulks; by two approvers at once; closed by somebody while they are approved."""
KILLS = ("worker", "api", "api", "worker", "postgres", "api", "api")
PEOPLE = [f"p{n}" for n in range(APPROVERS)]
FINAL = frozenset({"approved", "closed"})


@dataclass
class Office:
    """What the approvers share: where they send to, what is to be done, and what they were told."""

    addresses: list[str]
    key: str
    told: dict[UUID, set[str]] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    done: int = 0
    asked: int = 0

    async def command(self, http: httpx.AsyncClient, person: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """One command under its key, to one API after the other until one answers with no fault of its own."""
        key = f"{person}-{path}".replace("/", "-")
        headers = {"authorization": f"Bearer {self.key}", "on-behalf-of": person, "idempotency-key": key}
        for turn in range(2000):
            address = self.addresses[(self.done + turn) % len(self.addresses)]
            try:
                answer = await http.post(f"{address}/v1/customer-invoices/{path}", json=body, headers=headers)
            except httpx.HTTPError:
                await asyncio.sleep(0.05)
                continue
            if answer.status_code < 500:
                self.done += 1
                return {"http": answer.status_code, **answer.json()}
            await asyncio.sleep(0.05)
        raise AssertionError(f"{path} has no answer")

    async def approver(self, person: str, work: list[tuple[UUID, str]]) -> None:
        """Approve or close one after the other; what waits for its calculation is tried again."""
        async with httpx.AsyncClient(timeout=15) as http:
            while work:
                invoice, verb = work.pop(0)
                said = await self.command(http, person, f"{invoice}/{verb}", {"reason": "r"} if verb == "close" else {})
                if said["http"] == 200:
                    self.told.setdefault(invoice, set()).add(said["number"] or said["status"])
                else:
                    assert said["http"] == 409, said
                    self.refused[said["code"]] += 1
                    if said["code"] == "invoice-pending":
                        work.append((invoice, verb))


async def prepared(parts: Parts) -> tuple[list[UUID], str]:
    """A group of approvers, open invoices, and a key that acts for whom it names."""
    now = parts.clock.now()

    def origin() -> Origin:
        return Origin(uuid4(), "test", now, now.date(), "UTC", "test")

    group = {"code": "finance", "name": "Finance", "members": PEOPLE, "invoice_approval": True}
    await save(parts.desk, origin(), KINDS["group"], parse(KINDS["group"], group))
    roles = ("approver", "operator")
    made = await create_key(parts.store, origin(), subject="portal", roles=roles, entropy=bytes(32), delegate=True)
    invoices: list[UUID] = []
    last_day = now.date() - timedelta(days=2)
    for start in range(0, INVOICES, 200):
        names = {ad_hoc_invoice_stream(f"R-{n}"): (f"R-{n}", f"C{n % 50}") for n in range(start, start + 200)}
        histories = await parts.store.load_many(list(names))
        writes = []
        for stream, (reference, customer) in names.items():
            began = created(reference=reference, customer=customer, period_to=last_day)
            facts = (began, calculated(reference=reference, customer=customer))
            writes.append(Write(histories[stream], facts))
        await parts.store.append(Save(origin(), tuple(writes)))
        invoices += [stream.id for stream in names]
    return invoices, made.outcome.secret


@pytest.mark.timeout(900)
async def test_numbers_have_no_gap_and_no_double_whatever_is_killed(processes: Processes, tmp_path: Path) -> None:
    dice = random.Random(20261122)
    with own_postgres() as postgres:
        postgres.make_user("ledgerline", "of-this-test")
        url = postgres.url("ledgerline", "of-this-test")
        settings = load_settings(data=tmp_path / "data", database_pool=4)
        async with open_parts(settings, database_url=url) as parts:
            invoices, key = await prepared(parts)
        variables = {
            "LEDGERLINE_DATABASE_URL": url,
            "LEDGERLINE_DATABASE_POOL": "4",
            "LEDGERLINE_DATA": str(tmp_path / "data"),
            "LEDGERLINE_RATE_LIMIT": "0",
        }
        stack = Stack(processes)
        members = [stack.start("api", ["api"], variables) for _ in range(APIS)]
        worker = stack.start("worker", ["worker"], variables)
        await asyncio.to_thread(stack.wait_until_ready, within=180)
        office = Office([member.address for member in members], key)

        bulk, single = invoices[:IN_BULK], invoices[IN_BULK:]
        work: dict[str, list[tuple[UUID, str]]] = {person: [] for person in PEOPLE}
        for number, invoice in enumerate(single):
            first, second = dice.sample(PEOPLE, 2)
            work[first].append((invoice, "approve"))
            if number < RACED:
                work[second].append((invoice, "approve"))
            elif number < RACED + CLOSED:
                work[second].append((invoice, "close"))
        for todo in work.values():
            dice.shuffle(todo)
        async with httpx.AsyncClient(timeout=15) as http:
            approvers = asyncio.gather(*(office.approver(person, todo) for person, todo in work.items()))
            bulks: list[str] = []

            async def begin_bulk() -> None:
                """Half of them (some in both halves) are approved by a worker; return once it is at it."""
                ids = [str(one) for one in (bulk[200:] if bulks else bulk[:300])]
                body = {"action": "approve", "ids": ids, "include_empty": True}
                bulks.append((await office.command(http, f"p{len(bulks)}", "bulk", body))["id"])
                await eventually_async(lambda: begun(office, http, bulks[-1]), within=180, every=0.01, what="it begins")

            await kill(office, members, worker, postgres, dice, begin_bulk)
            await approvers
            await eventually_async(
                lambda: ended(office, http, bulks), within=180, every=0.2, what="the bulks have ended"
            )
        async with open_parts(settings, database_url=url) as parts:
            await assert_right(parts, office, invoices)
        assert set(stack.stop().values()) == {0}


async def kill(
    office: Office,
    members: list[Member],
    worker: Member,
    postgres: Any,
    dice: random.Random,
    begin_bulk: Callable[[], Awaitable[None]],
) -> None:
    """One after the other, each once some work was done since the last; a worker once it is at a bulk."""
    for victim in KILLS:
        aim = office.done + dice.randint(60, 160)
        await eventually_async(lambda aim=aim: reached(office, aim), within=180, what=f"work before {victim} is killed")  # type: ignore[misc]
        if victim == "worker":
            await begin_bulk()
        if victim == "postgres":
            postgres.kill()
            await asyncio.to_thread(postgres.start)
            continue
        member = worker if victim == "worker" else dice.choice(members)
        member.service.kill()
        member.service.start()
    for member in (*members, worker):
        assert member.service.alive(), f"{member.name} has ended by itself:\n{member.service.output()[-3000:]}"


async def reached(office: Office, aim: int) -> bool:
    return office.done >= aim


async def operation(office: Office, http: httpx.AsyncClient, one: str) -> dict[str, Any]:
    """As one of the APIs shows it; an error while none of them runs."""
    office.asked += 1
    address = office.addresses[office.asked % len(office.addresses)]
    answer = await http.get(f"{address}/v1/operations/{one}", headers={"authorization": f"Bearer {office.key}"})
    return dict(answer.raise_for_status().json())


async def begun(office: Office, http: httpx.AsyncClient, one: str) -> bool:
    """Whether something of it is done."""
    return bool((await operation(office, http, one))["done"])


async def ended(office: Office, http: httpx.AsyncClient, bulks: list[str]) -> bool:
    """Whether all bulks are done."""
    return all([(await operation(office, http, one))["status"] == "done" for one in bulks])


async def assert_right(parts: Parts, office: Office, invoices: list[UUID]) -> None:
    """Numbers, invoices and what the approvers were told are one story."""
    checked = await check_numbers(parts.store)
    assert checked.findings == ()
    histories = await parts.store.load_many([Stream("customer-invoice", one) for one in invoices])
    states = {stream.id: fold(history.facts) for stream, history in histories.items()}
    assert {state.status for state in states.values() if state} == FINAL, Counter(
        s.status for s in states.values() if s
    )
    approved = {one: state.approved for one, state in states.items() if state and state.approved}
    (year,) = {a.series_year for a in approved.values()}
    proof = await certify(parts.store, "default", year, limit=INVOICES)
    assert [one.sequence for one in proof.numbers] == list(range(1, len(approved) + 1))
    assert {one.invoice: one.number for one in proof.numbers} == {one: a.number for one, a in approved.items()}
    assert len({a.number for a in approved.values()}) == len(approved)
    for one, told in office.told.items():
        state = states[one]
        assert state is not None
        assert told == {state.approved.number if state.approved else state.status}, (told, state.status)
    assert len(approved) >= INVOICES - CLOSED
    with psycopg.connect(parts.database_url) as connection:
        rows = connection.execute("SELECT outcome, count(*) FROM operation_item GROUP BY outcome").fetchall()
    assert dict(rows).get("failed", 0) == 0, rows
