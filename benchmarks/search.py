"""Search over a million customer invoices: any view, parts of numbers, totals, clusters; first page with exact count.

    python -m benchmarks.search [--invoices 1000000] [--questions 100] [--no-http]

An embedded PostgreSQL of its own with 10,000 customers in a tree of 1,111 clusters and a hundred months, filled in a
minute or two by one INSERT into each of the list's own tables, of which triggers keep counts and numbers as they do for
the projector; from events it would take ten times as long. Questions are drawn with a seed, one after the other;
`database` is statement and rows as the API's queries ask them, on a warm cache, `HTTP` a request to a server process
over a kept connection. Exit code 1 when a goal is missed.
"""

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from statistics import quantiles
from typing import Any, Final

import httpx
import psycopg
import uvloop
from rich.console import Console
from rich.table import Table

from adapters.embedded_postgres import EmbeddedPostgres
from adapters.migrate import migrate
from adapters.read_models import ReadModels
from adapters.sql_files import load_sql
from projections.invoice_list.queries import VIEWS, InvoiceFilter
from projections.paging import PageRequest
from tests.support.ports import free_port

SQL: Final = load_sql("benchmarks.searching")
CUSTOMERS: Final = 10_000
LAST: Final = date(2026, 11, 1)
NOW: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
GOAL_DATABASE, GOAL_HTTP = 20.0, 50.0
"""Milliseconds, p99."""

Question = dict[str, Any]


def month(chance: random.Random) -> tuple[date, date]:
    year, number = chance.randint(2019, 2026), chance.randint(1, 10)
    return date(year, number, 1), date(year, number, 28)


def totals(chance: random.Random) -> Question:
    low = Decimal(str(round(10 ** chance.uniform(-1, 5), 2)))
    high = low * Decimal(str(round(chance.uniform(1.01, 30), 2)))
    return chance.choice(({"total_from": low, "total_to": high}, {"total_from": low}, {"total_to": low}))


def number_part(chance: random.Random) -> str:
    number = f"INV-{chance.randint(2018, 2026)}-{chance.randint(1, 110_000):06}"
    length = chance.randint(4, 15)
    start = chance.randint(0, len(number) - length)
    return number[start : start + length]


def cluster(chance: random.Random) -> Question:
    depth = chance.choice((1, 2, 3))
    return {"cluster": "K" + "".join(chance.choices("0123456789", k=depth)), "descendants": True}


def monthly(chance: random.Random) -> Question:
    first, last = month(chance)
    return {"period_from": first, "period_to": last}


KINDS: Final[dict[str, Callable[[random.Random], Question]]] = {
    "view": lambda chance: {"view": chance.choice(list(VIEWS))},
    "number part, 4 to 15 characters": lambda chance: {"number": number_part(chance)},
    "number part, 1 to 3 characters": lambda chance: {"number": number_part(chance)[: chance.randint(1, 3)]},
    "total range": totals,
    "total range and view": lambda chance: {**totals(chance), "view": chance.choice(list(VIEWS))},
    "cluster with descendants": cluster,
    "cluster with descendants and view": lambda chance: {**cluster(chance), "view": chance.choice(list(VIEWS))},
    "the whole tree": lambda _: {"cluster": "K", "descendants": True},
    "customer": lambda chance: {"customer": f"C{chance.randint(1, CUSTOMERS)}"},
    "month": monthly,
    "month and view": lambda chance: {**monthly(chance), "view": chance.choice(list(VIEWS))},
    "empty or type": lambda chance: chance.choice(
        ({"empty": True}, {"types": frozenset({"ad_hoc"})}, {"empty": False, "types": frozenset({"periodical"})})
    ),
    "lowest cluster, month and total": lambda chance: {
        "cluster": f"K{chance.randint(0, 999):03}", "descendants": True, **monthly(chance), **totals(chance)
    },
}  # fmt: skip
WARM_UP: Final = 5
"""Questions of each kind before those that count."""


def fill(url: str, invoices: int) -> None:
    values = {"customers": CUSTOMERS, "months": max(invoices // CUSTOMERS, 1), "last": LAST}
    with psycopg.connect(url, autocommit=True) as connection:
        for name in ("seed", "clusters", "customers", "invoices"):
            connection.execute(SQL[name], values if name in ("customers", "invoices") else None)
        for table in ("invoice_list", "reference_list", "invoice_counts", "invoice_numbers"):
            connection.execute(f"VACUUM ANALYZE read_models.{table}")


async def ask_database(url: str, questions: int) -> dict[str, list[float]]:
    models = await ReadModels.open(url, size=2)
    found: dict[str, list[float]] = {}
    try:
        for kind, draw in KINDS.items():
            chance = random.Random(kind)
            times = []
            for n in range(questions + WARM_UP):
                wanted = InvoiceFilter(**draw(chance))
                started = time.perf_counter()
                await models.invoice_list.page(wanted, PageRequest(), NOW.date(), NOW)
                took = (time.perf_counter() - started) * 1000
                if n >= WARM_UP:
                    times.append(took)
            found[kind] = times
    finally:
        await models.close()
    return found


async def serve(url: str, folder: Path, port: int) -> None:
    """The API in a process of its own; its first line is a key."""
    from commands.keys.create import make_first_key
    from services.api.app import create_app
    from services.api.serve import REQUESTS_LEAVE, server_of
    from services.garbage import collect_rarely
    from services.logging import configure_logging
    from services.operator_origin import operator_origin
    from services.settings import load_settings
    from services.wiring import open_parts

    configure_logging("warning")
    async with open_parts(load_settings(data=folder, rate_limit=0), database_url=url) as parts:
        made = await make_first_key(parts.store, operator_origin(parts, "bench"), os.urandom(32))
        server = server_of(create_app(parts), "127.0.0.1", port)
        collect_rarely(REQUESTS_LEAVE)
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        print(made.secret if made else "", flush=True)
        await serving


async def ask_http(port: int, key: str, questions: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as client:
        for kind, draw in KINDS.items():
            chance = random.Random(kind)
            times = []
            for n in range(questions + WARM_UP):
                asked = {name.replace("types", "type"): _text(value) for name, value in draw(chance).items()}
                started = time.perf_counter()
                answer = await client.get("/v1/customer-invoices", params=asked)
                took = (time.perf_counter() - started) * 1000
                answer.raise_for_status()
                if n >= WARM_UP:
                    times.append(took)
            found[kind] = times
    return found


def _text(value: object) -> str | list[str]:
    if isinstance(value, frozenset):
        return sorted(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def over_http(url: str, folder: Path, questions: int) -> dict[str, list[float]]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.search", "--serve", str(port), url, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            return uvloop.run(ask_http(port, server.stdout.readline().strip(), questions))
        finally:
            server.send_signal(signal.SIGTERM)


def figures(times: list[float]) -> tuple[float, float]:
    """p50 and p99, in milliseconds."""
    cuts = quantiles(times, n=100, method="inclusive")
    return cuts[49], cuts[98]


def main() -> int:
    if sys.argv[1:2] == ["--serve"]:
        port, url, folder = sys.argv[2:]
        uvloop.run(serve(url, Path(folder), int(port)))
        return 0
    parser = argparse.ArgumentParser()
    parser.add_argument("--invoices", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--no-http", action="store_true")
    parser.add_argument("--url", help="a database that is filled already")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ll-") as folder:
        if arguments.url:
            return measure(arguments.url, Path(folder), arguments)
        with EmbeddedPostgres.start(Path(folder)) as server:
            migrate(server.url)
            started = time.monotonic()
            fill(server.url, arguments.invoices)
            print(f"filled in {time.monotonic() - started:.0f} s", flush=True)
            return measure(server.url, Path(folder), arguments)


def measure(url: str, folder: Path, arguments: argparse.Namespace) -> int:
    database = uvloop.run(ask_database(url, arguments.questions))
    http = {} if arguments.no_http else over_http(url, folder / "api", arguments.questions)
    table = Table("question", "database p50", "p99", "HTTP p50", "p99", "goals 20, 50 ms")
    missed = False
    for kind, times in database.items():
        p50, p99 = figures(times)
        h50, h99 = figures(http[kind]) if http else (0.0, 0.0)
        within = p99 <= GOAL_DATABASE and h99 <= GOAL_HTTP
        missed = missed or not within
        table.add_row(kind, f"{p50:.1f}", f"{p99:.1f}", f"{h50:.1f}", f"{h99:.1f}", "met" if within else "missed")
    Console(width=120).print(table)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
