"""Appending: one event a command, 16 and 64 callers; the stock recorder against the store, on one server with fsync on.

    python -m benchmarks.append [--seconds 2] [--rounds 5]

Rounds alternate between the two sides, so that a noisy machine hurts both. A reader tails each store while it is
written, as the relay would, and counts positions that appeared below one it had seen (holes filled in late).
"""

import argparse
import asyncio
import itertools
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import median
from typing import Self
from uuid import UUID, uuid4

import psycopg
import uvloop
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from rich.console import Console
from rich.table import Table

from adapters.embedded_postgres import EmbeddedPostgres
from adapters.event_store import Codec, PostgresEventStore
from adapters.event_store.chain import GENESIS_HEX
from adapters.migrate import migrate
from commands.origin import Origin
from commands.ports.event_store import History, Save, Write
from domain.identity import Stream
from domain.usage_offer.events import UsageOffered


@dataclass(frozen=True, slots=True)
class Run:
    """What one side did in one round."""

    events: int
    seconds: float
    holes: int

    @property
    def rate(self) -> float:
        return self.events / self.seconds


def offered(invoice: UUID) -> UsageOffered:
    """A fact of usual size."""
    return UsageOffered(
        provider_invoice=invoice,
        provider="DISTRIBUTOR",
        invoice_number="F-2026-000123",
        attempt=1,
        customer="CUSTOMER-0042",
        currency="EUR",
        lines=1234,
        cost="98765.432100000000000",  # type: ignore[arg-type]  # parsed as from JSON
        digest="c0ffee" * 10 + "0000",
    )


def follow(url: str, stop: Event, found: Connection) -> None:
    """Tail positions as a relay would; at the end send how many came into sight below one that had been seen."""
    seen: set[int] = set()
    highest = 0
    with psycopg.connect(url, autocommit=True) as connection:
        while True:
            stopping = stop.wait(0.02)
            query = "SELECT notification_id FROM stored_events WHERE notification_id > %s ORDER BY notification_id"
            for (position,) in connection.execute(query, (highest,)):
                seen.add(position)
                highest = position
            if stopping:
                there = {row[0] for row in connection.execute("SELECT notification_id FROM stored_events")}
                found.send(len(there - seen))
                return


class HoleCounter:
    """Runs `follow` in a process of its own while the store is written."""

    def __init__(self, url: str) -> None:
        context = get_context("spawn")
        self._stop = context.Event()
        self._result, found = context.Pipe(duplex=False)
        self._process = context.Process(target=follow, args=(url, self._stop, found), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()

    def holes(self) -> int:
        holes: int = self._result.recv()
        self._process.join()
        return holes


def stock(url: str, callers: int, seconds: float) -> Run:
    """The library's recorder as it comes, a thread a caller, its state made by pydantic like ours."""
    parts = conninfo_to_dict(url)
    datastore = PostgresDatastore(
        str(parts["dbname"]),
        str(parts["host"]),
        str(parts["port"]),
        "postgres",
        "",
        pool_size=callers,
        originator_id_type="text",
    )
    recorder = PostgresApplicationRecorder(datastore)
    recorder.create_table()
    counts = [0] * callers
    begin, end = threading.Event(), threading.Event()

    def caller(number: int) -> None:
        begin.wait()
        while not end.is_set():
            invoice = uuid4()
            state = offered(invoice).model_dump_json().encode()
            recorder.insert_events([StoredEvent(f"usage-offer/{invoice}", 1, UsageOffered.type, state)])
            counts[number] += 1

    threads = [threading.Thread(target=caller, args=(number,)) for number in range(callers)]
    for thread in threads:
        thread.start()
    with HoleCounter(url) as counter:
        started = time.perf_counter()
        begin.set()
        time.sleep(seconds)
        end.set()
        for thread in threads:
            thread.join()
        took = time.perf_counter() - started
    datastore.close()
    return Run(sum(counts), took, counter.holes())


def ours(url: str, callers: int, seconds: float) -> Run:
    """The store through its port, a task a caller: encoding, hashes, envelope and group commit included."""
    return uvloop.run(_ours(url, callers, seconds))


async def _ours(url: str, callers: int, seconds: float) -> Run:
    migrate(url)
    ended = False
    done = itertools.count()

    async def caller(store: PostgresEventStore) -> None:
        while not ended:
            invoice = uuid4()
            origin = Origin(
                command_id=uuid4(),
                actor="key/benchmark",
                now=datetime.now(UTC),
                business_date=date(2026, 1, 31),
                zone="UTC",
                correlation_id=str(invoice),
            )
            history = History(Stream("usage-offer", invoice), (), 0, GENESIS_HEX, 0)
            await store.append(Save(origin, (Write(history, (offered(invoice),)),)))
            next(done)

    async with await PostgresEventStore.open(url, Codec()) as store:
        with HoleCounter(url) as counter:
            started = time.perf_counter()
            tasks = [asyncio.create_task(caller(store)) for _ in range(callers)]
            await asyncio.sleep(seconds)
            ended = True
            await asyncio.gather(*tasks)
            took = time.perf_counter() - started
    return Run(next(done), took, counter.holes())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    console = Console()
    table = Table("callers", "store", "events/s (median)", "ratio", "holes")
    with tempfile.TemporaryDirectory(prefix="ll-") as folder, EmbeddedPostgres.start(Path(folder)) as server:
        numbers = itertools.count(1)

        def fresh() -> str:
            name = f"bench_{next(numbers)}"
            with psycopg.connect(server.url, autocommit=True) as connection:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            return server.url.replace("/ledgerline?", f"/{name}?")

        for callers in (16, 64):
            runs: dict[str, list[Run]] = {"stock recorder": [], "group commit": []}
            for _ in range(arguments.rounds):
                runs["stock recorder"].append(stock(fresh(), callers, arguments.seconds))
                runs["group commit"].append(ours(fresh(), callers, arguments.seconds))
            base = median(run.rate for run in runs["stock recorder"])
            for name, each in runs.items():
                rate = median(run.rate for run in each)
                holes = sum(run.holes for run in each)
                table.add_row(str(callers), name, f"{rate:,.0f}", f"{rate / base:.1f}x", str(holes))
    console.print(table)


if __name__ == "__main__":
    main()
