"""A million lines from a provider's file to checked, stored and offered, against a bare COPY of the same rows.

    python -m benchmarks.import_million [--rows 1000000] [--width lean|wide] [--rounds 2]

Both on one embedded PostgreSQL with fsync on, in turns. The import is the real one, by a worker in a process of its
own: fetch the raw file, read it, chunks with an event each, both checks, an offer for each customer. The yardstick is
psql's job: canonical rows that are ready, into a table with a primary key. Goals: >= 0.5, <= 200 MiB.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil
import psycopg

from adapters.embedded_postgres import EmbeddedPostgres
from adapters.provider_files.reader import ArrowProviderFileReader, LocalFile
from commands.ports.provider_files import COPY_COLUMNS
from commands.reference.bulk import Item, load_many
from commands.reference.save import save
from commands.sync.request import request_sync
from domain.provider_invoice.events import Activated
from domain.reference import decisions
from domain.reference.kinds import KINDS
from services.demo.generator.million import million_focus
from services.logging import configure_logging
from services.operator_origin import operator_origin
from services.settings import load_settings
from services.wiring import Parts, open_parts
from services.worker import make_runner

GOAL_RATIO, GOAL_MIB = 0.5, 200
_MIB = 1024 * 1024


async def import_once(folder: Path, number: str) -> dict[str, Any]:
    """In a process of its own: what `ledgerline worker` does with a sync of one invoice."""
    settings = load_settings(data=folder / "data", import_roots=(str(folder),))
    async with open_parts(settings) as parts:
        runner = make_runner(parts, at_once=1)
        stop = asyncio.Event()
        working = asyncio.create_task(runner.run(stop))
        process = psutil.Process()
        idle, begun = process.memory_info().rss, process.cpu_times()
        with _peak_rss(process) as peak:
            started = time.perf_counter()
            asked = await request_sync(parts.sync, operator_origin(parts, "bench"), "BENCH", invoice_number=number)
            while (operation := await parts.operations.get(asked.outcome.id)) is not None and operation.open:
                await asyncio.sleep(0.1)
            seconds = time.perf_counter() - started
        stop.set()
        await working
        phases = await _phases(parts)
    cpu = process.cpu_times()
    return {
        "seconds": seconds,
        "idle": idle,
        "peak": peak[0],
        "cpu": cpu.user + cpu.system - begun.user - begun.system,
        "message": operation.message if operation else None,
        **phases,
    }


async def _phases(parts: Parts) -> dict[str, float]:
    """From the events' own times: how long chunks took, and how long checks and activation did."""
    (activated,) = (await parts.store.read(after=0, limit=100_000, types=(Activated.type,)))[-1:]
    history = await parts.store.history(activated.stream, limit=100_000)
    chunks = [e.recorded_at for e in history if e.type == "provider-invoice.lines-populated"]
    begun = history[0].recorded_at
    return {
        "chunks": len(chunks),
        "filling": (chunks[-1] - begun).total_seconds(),
        "concluding": (activated.recorded_at - chunks[-1]).total_seconds(),
    }


@contextmanager
def _peak_rss(process: psutil.Process, *, own: bool = False) -> Iterator[list[int]]:
    """The highest resident size while it lasts, looked at every 20 ms; `own`: without the pages of files."""

    def size() -> int:
        memory = process.memory_info()
        return int(memory.rss - memory.shared if own else memory.rss)

    peak, over = [size()], threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            peak[0] = max(peak[0], size())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        over.set()
        watcher.join()


ANY_NUMBER = {"extends": "focus-1.2", "name": "focus-of-any-number", "invoice_number": None}
"""One file stands for the invoices of all rounds, whatever number it says."""


async def set_up(folder: Path, total: Decimal, rounds: int) -> None:
    """The provider with its list, and all customers and products of the file."""
    settings = load_settings(data=folder / "data", import_roots=(str(folder),))
    entries = [
        {
            "number": f"BENCH-{n}",
            "date": "2026-04-01",
            "period_from": "2026-03-01",
            "period_to": "2026-03-31",
            "currency": "USD",
            "total": f"{total:.2f}",
            "revision": "1",
            "files": [{"path": "million.csv", "mapping": ANY_NUMBER}],
        }
        for n in range(rounds)
    ]
    (folder / "manifest.json").write_text(json.dumps({"invoices": entries}))
    async with open_parts(settings) as parts:
        origin = operator_origin(parts, "bench")
        body = {
            "code": "BENCH",
            "name": "Bench Cloud",
            "mode": "automatic",
            "connection": {"manifest": str(folder / "manifest.json")},
        }
        await save(parts.desk, origin, KINDS["provider"], decisions.parse(KINDS["provider"], body))
        for kind, pattern, count in (("customer", "sub-{:05d}", 500), ("product", "SKU-{:04d}", 200)):
            items = [
                Item(
                    n,
                    f"{kind}-{n}",
                    body={
                        "code": f"{kind}-{n}",
                        "name": f"{kind} {n}",
                        "identifiers": [{"provider": "BENCH", "identifier": pattern.format(n)}],
                    },
                )
                for n in range(count)
            ]
            await load_many(parts.desk, origin, KINDS[kind], items)


def bare_copy(url: str, rows: Path) -> float:
    """Seconds for COPY of the canonical rows into a fresh table with a primary key, committed."""
    columns = ", ".join(f"{name} {type_}" for name, type_ in COPY_COLUMNS)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS bare")
        connection.execute(f"CREATE TABLE bare ({columns}, PRIMARY KEY (number))".encode())
        connection.execute("CHECKPOINT")
        started = time.perf_counter()
        with (
            connection.transaction(),
            rows.open("rb") as source,
            connection.cursor().copy("COPY bare FROM STDIN (FORMAT csv)") as copy,
        ):
            while block := source.read(_MIB):
                copy.write(block)
        seconds = time.perf_counter() - started
        connection.execute("DROP TABLE bare")
    return seconds


def canonical(source: Path, target: Path) -> None:
    """The rows as the import stores them."""
    with target.open("wb") as out:
        for chunk in ArrowProviderFileReader().read(LocalFile(source), mapping="focus-1.2"):
            out.write(chunk.copy_csv)


def child(folder: Path, number: str) -> dict[str, Any]:
    """Run one import in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.import_million", "--import-once", str(folder), number]
    done = subprocess.run(command, check=True, capture_output=True, cwd=Path(__file__).parent.parent)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--width", choices=("lean", "wide"), default="lean")
    options.add_argument("--rounds", type=int, default=2)
    options.add_argument("--import-once", nargs=2, metavar=("FOLDER", "NUMBER"), help=argparse.SUPPRESS)
    given = options.parse_args()
    configure_logging("warning")
    if given.import_once:
        print(json.dumps(asyncio.run(import_once(Path(given.import_once[0]), given.import_once[1]))))
        return 0
    with tempfile.TemporaryDirectory(prefix="ll") as temporary:
        folder = Path(temporary)
        total = million_focus(folder / "million.csv", given.rows, width=given.width)
        canonical(folder / "million.csv", folder / "rows.csv")
        asyncio.run(set_up(folder, total, given.rounds))
        server = EmbeddedPostgres.start(folder / "data")  # held, so that both sides meet the same warm server
        try:
            return _report(folder, server.url, given.rows, given.rounds)
        finally:
            server.stop()


def _report(folder: Path, url: str, rows: int, rounds: int) -> int:
    ratios, peaks = [], []
    size = (folder / "million.csv").stat().st_size / 1e6
    print(f"{rows:,} lines, {size:.0f} MB; embedded PostgreSQL, fsync on; an import is a process of its own")
    print("round    bare COPY       import  ratio  filling  checks+offers  process CPU  MiB above idle")
    for n in range(rounds):
        before = bare_copy(url, folder / "rows.csv")
        done = child(folder, f"BENCH-{n}")
        copied = (before + bare_copy(url, folder / "rows.csv")) / 2
        above = (done["peak"] - done["idle"]) / _MIB
        ratios.append(copied / done["seconds"])
        peaks.append(above)
        print(
            f"{n:>5} {rows / copied:>10,.0f}/s {rows / done['seconds']:>10,.0f}/s {ratios[-1]:>6.2f}"
            f" {done['filling']:>7.2f}s {done['concluding']:>13.2f}s {done['cpu']:>11.2f}s {above:>15.0f}"
        )
        if "1 imported" not in str(done["message"]):
            print(f"      {done['message']}")
            return 1
    ratio, peak = statistics.median(ratios), max(peaks)
    met = ratio >= GOAL_RATIO and peak <= GOAL_MIB
    print(f"ratio {ratio:.2f} (goal >= {GOAL_RATIO}), {peak:.0f} MiB above idle (goal <= {GOAL_MIB}):", end=" ")
    print("met" if met else "MISSED")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
