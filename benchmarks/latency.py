"""Append to readable in the read model, through Kafka, at 500 events a second.

    python -m benchmarks.latency [--rate 500] [--seconds 10]

A broker, a relay and a projector in processes of their own; appends through the event store's port, one event a
command, on a server with fsync on. Two clocks start when an append was acknowledged: one stops when the row can be
read, the other when `?at_least=` would answer. Exit code 1 when the goal is missed.
"""

import argparse
import asyncio
import contextlib
import itertools
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from statistics import quantiles
from uuid import uuid4

import psycopg
import uvloop
from rich.console import Console
from rich.table import Table

from adapters.embedded_postgres import EmbeddedPostgres
from adapters.event_store import Codec, PostgresEventStore
from adapters.event_store.chain import GENESIS_HEX
from adapters.kafka.settings import KafkaSettings
from adapters.migrate import migrate
from adapters.read_models import ReadModels
from benchmarks.projecting.workload import created
from commands.origin import Origin
from commands.ports.event_store import History, Save, Write
from domain.identity import Stream
from services.projector import run_projector
from services.relay import run_relay
from tests.support.kafka.jars import KafkaUnavailable
from tests.support.kafka_broker import single_node
from tests.support.ports import free_port

GOAL_P50, GOAL_P99 = 0.020, 0.100
WARM_UP = 3.0
"""Seconds at the beginning that do not count: joining the group, first plans."""
LOOK = 0.002
"""Seconds between two looks for rows."""
MARGIN = 250
"""Positions looked at again below the highest one seen: partitions overtake each other."""
ASKED = 5
"""One command in so many is followed by a question with `at_least`."""


def settings(address: str) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=(address,), prefix="bench", replication=1, min_insync=1)


def relay(url: str, address: str) -> None:
    run_relay(url, settings(address), host="127.0.0.1", operations_port=free_port())


def projector(url: str, address: str) -> None:
    run_projector(url, settings(address), host="127.0.0.1", operations_port=free_port())


@contextlib.contextmanager
def services(url: str, address: str) -> Iterator[None]:
    """A relay and a projector, as in production."""
    context = get_context("spawn")
    started = [context.Process(target=run, args=(url, address)) for run in (relay, projector)]
    for process in started:
        process.start()
    try:
        yield
    finally:
        for process in started:
            process.terminate()
            process.join()


class Measured:
    """When each position was acknowledged, could be read, and was reached."""

    def __init__(self) -> None:
        self.highest = 0
        self.acknowledged: dict[int, float] = {}
        self.readable: dict[int, float] = {}
        self.reached: dict[int, float] = {}

    def seconds(self, end: dict[int, float], since: float) -> list[float]:
        return [max(end[p] - at, 0.0) for p, at in self.acknowledged.items() if at >= since and p in end]


async def append(store: PostgresEventStore, models: ReadModels, number: int, measured: Measured) -> None:
    stream = Stream("customer-invoice", uuid4())
    origin = Origin(
        command_id=uuid4(),
        actor="key/benchmark",
        now=datetime.now(UTC),
        business_date=datetime.now(UTC).date(),
        zone="UTC",
        correlation_id=str(stream.id),
    )
    write = Write(History(stream, (), 0, GENESIS_HEX, 0), (created(number),))
    position = (await store.append(Save(origin, (write,)))).position
    measured.acknowledged[position] = time.perf_counter()
    if number % ASKED == 0 and await models.positions.wait_until(("invoice_list",), position, within=30):
        measured.reached[position] = time.perf_counter()


async def look_for_rows(url: str, measured: Measured, stop: asyncio.Event) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        query = "SELECT position FROM read_models.invoice_list WHERE position > %s"
        while not stop.is_set():
            low = measured.highest - MARGIN
            rows = await (await connection.execute(query, (low,))).fetchall()
            now = time.perf_counter()
            for (position,) in rows:
                measured.highest = max(measured.highest, position)
                measured.readable.setdefault(position, now)
            await asyncio.sleep(LOOK)


async def load(url: str, rate: int, seconds: float) -> tuple[Measured, float]:
    measured = Measured()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE INDEX ON read_models.invoice_list (position)")
    async with await PostgresEventStore.open(url, Codec()) as store:
        models = await ReadModels.open(url)
        stop = asyncio.Event()
        looking = asyncio.create_task(look_for_rows(url, measured, stop))
        await append(store, models, 0, measured)
        begun, tasks = time.perf_counter(), []
        for number in itertools.count(1):
            due = begun + number / rate
            if due > begun + WARM_UP + seconds:
                break
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            tasks.append(asyncio.create_task(append(store, models, number, measured)))
        await asyncio.gather(*tasks)
        give_up = time.perf_counter() + 30
        while measured.acknowledged.keys() - measured.readable.keys() and time.perf_counter() < give_up:
            await asyncio.sleep(LOOK)
        stop.set()
        await looking
        await models.close()
    return measured, begun + WARM_UP


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=10.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ll-") as folder, EmbeddedPostgres.start(Path(folder)) as server:
        migrate(server.url)
        try:
            with single_node() as address, services(server.url, address):
                measured, since = uvloop.run(load(server.url, arguments.rate, arguments.seconds))
        except KafkaUnavailable as why:
            print(f"left out: {why}")
            return 0
    table = Table("append acknowledged to ...", "events", "p50 ms", "p99 ms", "max ms", "goal")
    missed = False
    for what, end in (("row readable", measured.readable), ("at_least answered", measured.reached)):
        found = measured.seconds(end, since)
        p50, p99 = quantiles(found, n=100)[49], quantiles(found, n=100)[98]
        missed = missed or p50 > GOAL_P50 or p99 > GOAL_P99
        figures = (f"{x * 1000:.1f}" for x in (p50, p99, max(found)))
        table.add_row(what, f"{len(found):,}", *figures, f"<= {GOAL_P50 * 1000:.0f} / {GOAL_P99 * 1000:.0f}")
    Console().print(table)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
