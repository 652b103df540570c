"""The preview of one contract with 50 lines, over HTTP: how long it takes while one caller after the other asks.

    python -m benchmarks.preview [--lines 50] [--asked 500] [--callers 2]

`ledgerline api` is a process of its own, on an embedded PostgreSQL with fsync on. Half of the lines are subscriptions
whose quantity changed in mid-cycle, the others in turn milestones and time and material with 20 transactions. Goal: p99
<= 50 ms with one caller at a time; more callers show what it costs when they wait for each other. The API's CPU time a
preview says what is left of it on a machine that does something else, too.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
import psutil
import uvloop

from adapters.embedded_postgres import EmbeddedPostgres
from benchmarks.invoice_run import origin, reference
from commands.billing_contract.add_line import NewLine, WorkTerms, add_line
from commands.billing_contract.change_line import change_line
from commands.billing_contract.record_transactions import record_transactions
from commands.billing_contract.sign import NewContract, sign
from commands.keys.create import create_key
from domain.billing_contract.lines import change_quantity
from domain.billing_contract.parts import FixedPriceTerms, MilestoneTerms, SubscriptionTerms
from domain.billing_contract.shares import Share
from domain.billing_contract.time_and_material import Transaction
from services.logging import configure_logging
from services.settings import load_settings
from services.wiring import Parts, open_parts
from tests.support.ports import free_port

GOAL_MS: Final = 50.0
WARM_UP: Final = 50
DAY: Final = date(2026, 2, 2)


async def set_up(folder: Path, lines: int) -> tuple[UUID, str]:
    """The contract and a key."""
    async with open_parts(load_settings(data=folder / "data")) as parts:
        await reference(parts)
        wanted = NewContract(
            number="K-1", name="Services", customers=[Share("C1", Decimal(60)), Share("C2", Decimal(40))],
            currency="EUR", starts=date(2026, 1, 1), ends=None, frequency="monthly", offset=2,
            refund_policy="prorated", tasks=(), approval="manual", time_zone="UTC",
        )  # fmt: skip
        signed = (await sign(parts.contracts, origin(), wanted)).outcome.id
        for number in range(lines):
            await _line(parts, signed, number)
        made = await create_key(parts.store, origin(), subject="bench", roles=("admin",), entropy=os.urandom(32))
        return signed, made.outcome.secret


async def _line(parts: Parts, contract: UUID, number: int) -> None:
    desk, code = parts.contracts, f"L{number}"
    if number % 2 == 0:
        seats = SubscriptionTerms(quantity=Decimal(number + 1), price=Decimal("3.5"))
        await add_line(desk, origin(), contract, NewLine(code, code, None, None, seats))
        await change_line(
            desk,
            origin(),
            contract,
            lambda known: change_quantity(known.contract, code, date(2026, 1, 16), Decimal(12)),
        )
    elif number % 4 == 1:
        one = MilestoneTerms(name="M1", day=DAY, amount=Decimal(250), ready=True)
        await add_line(desk, origin(), contract, NewLine(code, code, None, None, FixedPriceTerms(milestones=(one,))))
    else:
        work = WorkTerms(("time",), "FREQ=MONTHLY;BYMONTHDAY=2", DAY, 1)
        await add_line(desk, origin(), contract, NewLine(code, code, None, None, work))
        many = [
            Transaction(f"T{n}", date(2026, 1, 1 + n), "time", Decimal("1.25"), Decimal(90), ready=True)
            for n in range(20)
        ]
        await record_transactions(desk, origin(), contract, code, many)


async def ask(address: str, key: str, contract: UUID, count: int, callers: int) -> list[float]:
    """Milliseconds of each answer."""
    found: list[float] = []
    limits = httpx.Limits(max_keepalive_connections=callers)
    headers = {"authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=address, headers=headers, limits=limits, timeout=30) as http:

        async def caller() -> None:
            for _ in range(count // callers):
                started = time.perf_counter()
                answer = await http.post(f"/v1/billing-contracts/{contract}/preview", json={"cycle": "2026-01-01"})
                found.append((time.perf_counter() - started) * 1000)
                answer.raise_for_status()

        await asyncio.gather(*(caller() for _ in range(callers)))
    return found


async def measure(folder: Path, lines: int, asked: int, callers: int) -> int:
    contract, key = await set_up(folder, lines)
    port, operations = free_port(), free_port()
    more = {"LEDGERLINE_DATA": str(folder / "data"), "LEDGERLINE_RATE_LIMIT": "0", "LEDGERLINE_LOG_LEVEL": "warning"}
    ports = {"LEDGERLINE_PORT": str(port), "LEDGERLINE_OPERATIONS_PORT": str(operations)}
    command = [sys.executable, "-m", "services.cli.main", "api"]
    root = Path(__file__).parent.parent
    api = subprocess.Popen(command, env={**os.environ, **more, **ports}, cwd=root, stdout=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}"
        await _up(address)
        await ask(address, key, contract, WARM_UP, 1)
        process = psutil.Process(api.pid)
        before = process.cpu_times()
        p99 = _tell(await ask(address, key, contract, asked, 1), f"{lines} lines, one caller")
        after = process.cpu_times()
        used = after.user + after.system - before.user - before.system
        print(f"the API's CPU: {used / asked * 1000:.1f} ms a preview")
        if callers > 1:
            _tell(await ask(address, key, contract, asked, callers), f"{callers} callers")
    finally:
        api.terminate()
        api.wait(30)
    print(f"goal p99 <= {GOAL_MS:.0f} ms: {'met' if p99 <= GOAL_MS else 'MISSED'}")
    return int(p99 > GOAL_MS)


async def _up(address: str) -> None:
    async with httpx.AsyncClient() as http:
        for _ in range(600):
            try:
                if (await http.get(f"{address}/healthz")).is_success:
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.1)
    raise SystemExit("the API is not up after a minute")


def _tell(found: list[float], what: str) -> float:
    cuts = statistics.quantiles(found, n=100)
    print(f"{what}: p50 {cuts[49]:.1f} ms, p90 {cuts[89]:.1f} ms, p99 {cuts[98]:.1f} ms, of {len(found)}", flush=True)
    return cuts[98]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--lines", type=int, default=50)
    options.add_argument("--asked", type=int, default=500)
    options.add_argument("--callers", type=int, default=2)
    given: Any = options.parse_args()
    configure_logging("warning")
    with tempfile.TemporaryDirectory(prefix="ll") as temporary:
        folder = Path(temporary)
        server = EmbeddedPostgres.start(folder / "data")
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                return runner.run(measure(folder, given.lines, given.asked, given.callers))
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
