"""A million imported lines of ten thousand customers: from activated to all of their invoices open.

    python -m benchmarks.usage_path [--customers 10000] [--lines 100] [--workers 2]

On an embedded PostgreSQL with fsync on. Two workers, as many as there are cores, each a process that does all that a
worker does: routing, the pause, sums, prices, appending. Each customer's lines are of ten products on any day of the
month, in any order in the file; half of the products are priced by unit, half at cost plus. Before, every customer has
an open, empty invoice. Goals: >= 100,000 lines/s, <= 500 MiB; the memory told is that of all workers together:
the highest of each one's own, and the pages of the libraries' files, which they share, once.

What limits it: about 1 ms of Python an invoice (a third routing, a quarter pricing, a quarter facts and their digest,
the rest loading and encoding), and less of the server, most of which is adding up; with two cores for both, and a pause
of a second in the figure too. One worker alone is held up by itself.
"""

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil
import psycopg
import uvloop

from adapters.embedded_postgres import EmbeddedPostgres
from benchmarks.import_million import _peak_rss
from commands.reference.bulk import Item, load_many
from commands.reference.save import save
from commands.sync.request import request_sync
from domain.reference import decisions
from domain.reference.kinds import KINDS
from services.garbage import collect_rarely
from services.logging import configure_logging
from services.operator_origin import operator_origin
from services.settings import Settings, load_settings
from services.wiring import Parts, open_parts
from services.worker import make_runner, run_worker

GOAL_RATE, GOAL_MIB = 100_000, 500
PRODUCTS, OF_ONE = 200, 10
_CALCULATED = """
    SELECT count(*) FILTER (WHERE topic = 'customer-invoice.calculated'), coalesce(max(notification_id), %(after)s)
    FROM stored_events WHERE notification_id > %(after)s
"""
_MIB = 1024 * 1024
_COLUMNS = "kind,customer,product,subscription,charge_from,quantity,amount,currency\n"


def write_lines(path: Path, customers: int, lines: int, month: str) -> Decimal:
    """Write the file and give its exact sum."""
    dice = random.Random(1)
    total = 0
    with path.open("w", encoding="utf-8", newline="") as out:
        out.write(_COLUMNS)
        for _ in range(lines):
            rows = []
            for customer in range(customers):
                product = (customer * 7 + dice.randrange(OF_ONE)) % PRODUCTS
                cents = dice.randrange(1, 100_000)
                total += cents
                day = f"{month}-{dice.randrange(1, 29):02d}"
                rows.append(
                    f"usage,c-{customer},p-{product},s-{customer}-{product},{day},"
                    f"{dice.randrange(1, 1000)},{cents // 10_000}.{cents % 10_000:04d},EUR\n"
                )
            dice.shuffle(rows)
            out.write("".join(rows))
    return Decimal(total).scaleb(-4)


def settings_of(folder: Path) -> Settings:
    """Of both processes."""
    return load_settings(data=folder / "data", import_roots=(str(folder),))


async def set_up(folder: Path, customers: int, lines: int) -> None:
    """Reference data, an activated provider invoice over all lines, and an open, empty invoice of each customer."""
    async with open_parts(settings_of(folder)) as parts:
        month = parts.clock.now().date().replace(day=1)
        total = write_lines(folder / "usage.csv", customers, lines, month.strftime("%Y-%m"))
        _manifest(folder, month, total)
        await _reference(parts, folder, customers, month)
        print("reference data loaded", flush=True)
        await _work_until(parts, customers, 0)
        print("invoices begun", flush=True)
        runner, stop = make_runner(parts, at_once=1), asyncio.Event()
        working = asyncio.create_task(runner.run(stop))
        asked = await request_sync(parts.sync, operator_origin(parts, "bench"), "BENCH", invoice_number="B-1")
        while (operation := await parts.operations.get(asked.outcome.id)) is not None and operation.open:
            await asyncio.sleep(0.1)
        stop.set()
        await working
        if operation is None or "1 imported" not in str(operation.message):
            raise SystemExit(f"the import failed: {operation and operation.message}")


def _manifest(folder: Path, month: date, total: Decimal) -> None:
    entry = {
        "number": "B-1",
        "date": month.isoformat(),
        "period_from": month.isoformat(),
        "period_to": month.replace(day=28).isoformat(),
        "currency": "EUR",
        "total": f"{total:.2f}",
        "revision": "1",
        "files": [{"path": "usage.csv", "format": "ledgerline"}],
    }
    (folder / "manifest.json").write_text(json.dumps({"invoices": [entry]}))


async def _reference(parts: Parts, folder: Path, customers: int, month: date) -> None:
    origin = operator_origin(parts, "bench")
    provider = {
        "code": "BENCH",
        "name": "Bench Cloud",
        "mode": "automatic",
        "connection": {"manifest": str(folder / "manifest.json")},
    }
    unit = {"family": "per_unit", "unit_price": "0.0125"}
    plus = {"family": "cost_plus", "percent": "12.5"}
    rules = [
        {"code": "UNIT", "name": "by unit", "currency": "EUR", "price": unit},
        {"code": "PLUS", "name": "cost plus", "currency": "EUR", "price": plus, "category": "odd"},
    ]
    for kind, body in [("provider", provider), *(("pricing-rule", rule) for rule in rules)]:
        await save(parts.desk, origin, KINDS[kind], decisions.parse(KINDS[kind], body))
    products = [
        {
            "code": f"P-{n}",
            "name": f"Product {n}",
            "category": "odd" if n % 2 else "even",
            "identifiers": _known(f"p-{n}"),
        }
        for n in range(PRODUCTS)
    ]
    bodies = [
        {
            "code": f"C-{n}",
            "name": f"Customer {n}",
            "bill_from": month.isoformat(),
            "identifiers": _known(f"c-{n}"),
        }
        for n in range(customers)
    ]
    for kind, found in (("product", products), ("customer", bodies)):
        await load_many(parts.desk, origin, KINDS[kind], [Item(n, str(n), body=body) for n, body in enumerate(found)])


def _known(identifier: str) -> list[dict[str, str]]:
    return [{"provider": "BENCH", "identifier": identifier}]


async def _work_until(parts: Parts, wanted: int, head: int) -> None:
    """Let a worker work until so many invoices were calculated after a position.

    Each look counts only what came since the last one, so that looking costs next to nothing.
    """
    stop, calculated = asyncio.Event(), 0
    working = asyncio.create_task(run_worker(parts, stop))
    while not working.done():
        async with parts.pool.connection() as connection:
            row = await (await connection.execute(_CALCULATED, {"after": head})).fetchone()
        calculated, head = (calculated + row[0], row[1]) if row is not None else (calculated, head)
        if calculated >= wanted:
            break
        await asyncio.sleep(0.2)
    stop.set()
    await working


async def work_once(folder: Path, customers: int, head: int) -> dict[str, Any]:
    """In a process of its own: what `ledgerline worker` does, until all invoices are open again."""
    async with open_parts(settings_of(folder)) as parts:
        collect_rarely()
        process = psutil.Process()
        begun = process.cpu_times()
        with _peak_rss(process, own=True) as peak:
            started = time.perf_counter()
            await _work_until(parts, customers, head)
            seconds = time.perf_counter() - started
        cpu = process.cpu_times()
        return {
            "seconds": seconds,
            "peak": peak[0] / _MIB,
            "shared": process.memory_info().shared / _MIB,
            "cpu": cpu.user + cpu.system - begun.user - begun.system,
        }


def children(workers: int, folder: Path, customers: int, head: int) -> dict[str, Any]:
    """Run the workers in fresh processes: the longest time, memory and CPU of all together."""
    command = [sys.executable, "-m", "benchmarks.usage_path", "--work", str(folder), str(customers), str(head)]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parent.parent) for _ in range(workers)
    ]
    printed = [process.communicate()[0] for process in running]
    if any(process.returncode for process in running):
        raise SystemExit("a worker failed")
    told: list[dict[str, Any]] = [json.loads(out.splitlines()[-1]) for out in printed]
    return {
        "seconds": max(one["seconds"] for one in told),
        "peak": sum(one["peak"] for one in told) + max(one["shared"] for one in told),
        "cpu": sum(one["cpu"] for one in told),
    }


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--customers", type=int, default=10_000)
    options.add_argument("--lines", type=int, default=100, help="of each customer")
    options.add_argument("--workers", type=int, default=2, help="processes of `ledgerline worker`")
    options.add_argument("--work", nargs=3, metavar=("FOLDER", "CUSTOMERS", "HEAD"), help=argparse.SUPPRESS)
    given = options.parse_args()
    configure_logging("warning")
    if given.work:
        folder, customers, head = given.work
        print(json.dumps(uvloop.run(work_once(Path(folder), int(customers), int(head)))))
        return 0
    with tempfile.TemporaryDirectory(prefix="ll") as temporary:
        folder = Path(temporary)
        server = EmbeddedPostgres.start(folder / "data")
        try:
            asyncio.run(set_up(folder, given.customers, given.lines))
            return _report(folder, server.url, given.customers, given.customers * given.lines, given.workers)
        finally:
            server.stop()


def _report(folder: Path, url: str, customers: int, lines: int, workers: int) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        head = _one(connection, "SELECT max(position) FROM append_log")
        begun = _server_cpu(folder)
        done = children(workers, folder, customers, head)
        server_cpu = _server_cpu(folder) - begun
        times = _one(
            connection,
            "SELECT json_object_agg(topic, json_build_array(n, first, last)) FROM (SELECT topic, count(*) AS n, "
            f"min(recorded_at) AS first, max(recorded_at) AS last FROM stored_events WHERE notification_id > {head} "
            "GROUP BY topic) AS t",
        )
        priced = _one(
            connection,
            "SELECT sum((i ->> 'lines')::bigint) FROM stored_events e, "
            "json_array_elements(convert_from(e.state, 'UTF8')::json -> 'items') AS i "
            f"WHERE e.notification_id > {head} AND topic = 'customer-invoice.calculated'",
        )
    for topic, (count, first, last) in sorted(times.items(), key=lambda item: str(item[1][1])):
        print(f"  {topic:36} {count:>7,}   {first[11:23]} to {last[11:23]}")
    rate = lines / done["seconds"]
    met = rate >= GOAL_RATE and done["peak"] <= GOAL_MIB and priced == lines
    print(
        f"{lines:,} lines, {customers:,} invoices open in {done['seconds']:.1f} s: {rate:,.0f} lines/s "
        f"(goal >= {GOAL_RATE:,}), {done['peak']:.0f} MiB (goal <= {GOAL_MIB}), CPU {done['cpu']:.1f} s "
        f"and PostgreSQL's {server_cpu:.1f} s, "
        f"{priced:,} lines priced: {'met' if met else 'MISSED'}"
    )
    return 0 if met else 1


def _server_cpu(folder: Path) -> float:
    """Seconds of CPU that the server and all its connections, also those that ended, have used."""
    (pid_file,) = folder.glob("data/**/postmaster.pid")
    server = psutil.Process(int(pid_file.read_text().split()[0]))
    own = server.cpu_times()
    seconds: float = own.user + own.system + own.children_user + own.children_system
    for connection in server.children():
        with suppress(psutil.NoSuchProcess):  # it has just ended: counted with the server's children next time
            times = connection.cpu_times()
            seconds += times.user + times.system
    return seconds


def _one(connection: "psycopg.Connection[tuple[Any, ...]]", statement: str) -> Any:  # noqa: ANN401 - what it answers
    row = connection.execute(statement.encode()).fetchone()
    return row[0] if row else None


if __name__ == "__main__":
    sys.exit(main())
