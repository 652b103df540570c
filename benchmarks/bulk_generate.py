"""Contracts generated in bulk: time to the 202, and contracts to open invoices.

    python -m benchmarks.bulk_generate [--size 10000]

On an embedded PostgreSQL with fsync on. Each contract has two lines: a subscription and a milestone. The request goes
to the API in the process, over ASGI; then a worker's runner in the same process does it. A second request names 100,000
contracts that are not there: what accepting so many costs. Goals: 202 within 1 s for 10,000, and the invoice run's
>= 700 invoices/s.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import httpx
import uvloop

from adapters.embedded_postgres import EmbeddedPostgres
from benchmarks.invoice_run import CUSTOMERS, GOAL, at_once, origin, reference
from commands.billing_contract.add_line import NewLine, add_line
from commands.billing_contract.bulk_request import BULK_GENERATE
from commands.billing_contract.sign import NewContract, sign
from commands.keys.create import create_key
from domain.billing_contract.parts import FixedPriceTerms, MilestoneTerms, SubscriptionTerms
from domain.billing_contract.shares import Share
from services.api.app import create_app
from services.garbage import collect_rarely
from services.invoice_runs import run_ended
from services.logging import configure_logging
from services.settings import load_settings
from services.wiring import Parts, open_parts
from services.worker import handlers_of, make_runner

GOAL_ACCEPTED: Final = 1.0
MANY: Final = 100_000
_BULK: Final = "/v1/billing-contracts/bulk-generate"


async def contract(parts: Parts, number: int) -> None:
    """One contract, whose January is billed with its milestone."""
    wanted = NewContract(
        number=f"K-{number}", name="Services", customers=[Share(f"C{number % CUSTOMERS}", Decimal(100))],
        currency="EUR", starts=date(2026, 1, 1), ends=None, frequency="monthly", offset=2, refund_policy="prorated",
        tasks=(), approval="manual", time_zone="UTC",
    )  # fmt: skip
    signed = (await sign(parts.contracts, origin(), wanted)).outcome.id
    seats = SubscriptionTerms(quantity=Decimal(10), price=Decimal("3.5"))
    stone = MilestoneTerms(name="M1", day=date(2026, 1, 20), amount=Decimal("250.00"), ready=True)
    for code, terms in (("seats", seats), ("build", FixedPriceTerms(milestones=(stone,)))):
        await add_line(parts.contracts, origin(), signed, NewLine(code, code, None, None, terms))


async def accepted(http: httpx.AsyncClient, numbers: list[str], *, dry_run: bool = False) -> tuple[UUID, float]:
    """The operation, and the seconds until it was there."""
    body = {"items": [{"contract": number} for number in numbers], "dry_run": dry_run}
    started = time.perf_counter()
    answer = await http.post(_BULK, json=body, headers={"idempotency-key": str(uuid4())})
    seconds = time.perf_counter() - started
    if answer.status_code != httpx.codes.ACCEPTED:
        raise SystemExit(answer.text[:1000])
    return UUID(answer.json()["id"]), seconds


async def ended(parts: Parts, operation: UUID) -> tuple[str | None, float]:
    """What the worker says in the end, and the seconds that it took."""
    handlers = {BULK_GENERATE: handlers_of(parts)[BULK_GENERATE]}
    runner, stop = replace(make_runner(parts, at_once=1), handlers=handlers), asyncio.Event()
    asked = await parts.operations.get(operation)
    if asked is None:
        raise SystemExit("the operation is not there")
    started = time.perf_counter()
    working = asyncio.create_task(runner.run(stop))
    done = await run_ended(parts, asked, every=0.02)
    seconds = time.perf_counter() - started
    stop.set()
    await working
    return done.message, seconds


async def measure(folder: Path, size: int) -> int:
    async with open_parts(load_settings(data=folder / "data", rate_limit=0)) as parts:
        collect_rarely()
        made = await create_key(
            parts.store, origin(parts.clock.now()), subject="ann", roles=("operator",), entropy=bytes(32)
        )
        headers = {"authorization": f"Bearer {made.outcome.secret}"}
        transport = httpx.ASGITransport(create_app(parts))
        async with httpx.AsyncClient(transport=transport, base_url="http://api", headers=headers, timeout=300) as http:
            numbers = [f"K-{n}" for n in range(size)]
            shown, seconds = await accepted(http, numbers, dry_run=True)
            print(f"dry run of {size:,}: 202 after {seconds:.2f} s", flush=True)
            message, seconds = await ended(parts, shown)
            print(f"  {message} {seconds:.2f} s", flush=True)
            operation, first = await accepted(http, numbers)
            print(f"{size:,} contracts: 202 after {first:.2f} s (goal <= {GOAL_ACCEPTED:g})", flush=True)
            message, seconds = await ended(parts, operation)
            rate = size / seconds
            print(f"  {message} {seconds:.2f} s, {rate:,.0f} invoices/s (goal >= {GOAL})", flush=True)
            many, seconds = await accepted(http, [f"NONE-{n}" for n in range(MANY)])
            print(f"{MANY:,} that are not there: 202 after {seconds:.2f} s", flush=True)
            message, seconds = await ended(parts, many)
            print(f"  {message} {seconds:.2f} s", flush=True)
    return int(first > GOAL_ACCEPTED or rate < GOAL)


async def set_up(folder: Path, size: int) -> None:
    async with open_parts(load_settings(data=folder / "data")) as parts:
        await reference(parts)
        await at_once(128, [lambda n=n: contract(parts, n) for n in range(size)])  # type: ignore[misc]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--size", type=int, default=10_000)
    given = options.parse_args()
    configure_logging("warning")
    with tempfile.TemporaryDirectory(prefix="ll") as temporary:
        folder = Path(temporary)
        server = EmbeddedPostgres.start(folder / "data")
        try:
            started = time.perf_counter()
            asyncio.run(set_up(folder, given.size))
            print(f"{given.size:,} contracts signed in {time.perf_counter() - started:.0f} s", flush=True)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                return runner.run(measure(folder, given.size))
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
