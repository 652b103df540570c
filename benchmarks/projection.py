"""Events into the invoice list: our projector, embedded and through Kafka, against the library's ProjectionRunner.

    python -m benchmarks.projection [--events 40000] [--library-events 4000] [--rounds 3] [--no-kafka]

One server with fsync on; rounds alternate between the sides, so that a noisy machine hurts all. Every side starts
from an empty list and the first event. Exit code 1 when a goal is missed.
"""

import argparse
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import psycopg
from prometheus_client import CollectorRegistry
from psycopg import sql
from rich.console import Console
from rich.table import Table

from adapters.embedded_postgres import EmbeddedPostgres
from adapters.kafka.settings import KafkaSettings
from adapters.migrate import migrate
from adapters.relay.progress import ProgressStore
from benchmarks.projecting import library, ours, workload
from services.relay import make_relay
from tests.support.kafka.jars import KafkaUnavailable
from tests.support.kafka_broker import single_node
from tests.support.waiting import eventually

GOALS = {"ours, embedded feed": 30, "ours, through Kafka": 15}


def database(server: EmbeddedPostgres, name: str) -> str:
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = server.url.replace("/ledgerline?", f"/{name}?")
    migrate(url)
    return url


@contextmanager
def relayed(url: str, events: int) -> Iterator[KafkaSettings | None]:
    """A broker with all events in its topics; None where no broker can be had."""
    try:
        with single_node() as address:
            settings = KafkaSettings(bootstrap_servers=(address,), prefix="bench", replication=1, min_insync=1)
            stop = threading.Event()
            relay = make_relay(url, settings, CollectorRegistry(), stop)
            thread = threading.Thread(target=relay.run)
            thread.start()
            with psycopg.connect(url, autocommit=True) as connection:
                progress = ProgressStore(connection, settings.prefix)
                eventually(lambda: progress.load().position >= events, within=300, what="all events relayed")
            stop.set()
            thread.join()
            yield settings
    except KafkaUnavailable as why:
        print(f"left out: through Kafka ({why})")
        yield None


def measure(server: EmbeddedPostgres, arguments: argparse.Namespace) -> dict[str, list[float]]:
    mine, theirs = database(server, "mine"), database(server, "theirs")
    events = workload.fill(mine, arguments.events)
    few = library.fill(theirs, arguments.library_events)
    rates: dict[str, list[float]] = {"library, one transaction an event": []}
    with relayed(mine, events) if not arguments.no_kafka else _nothing() as kafka:
        for number in range(arguments.rounds):
            fresh = database(server, f"theirs_{number}")
            library.fill(fresh, few)
            note(rates, "library, one transaction an event", library.project(fresh, few))
            note(rates, "ours, embedded feed", ours.project(mine, None, f"embedded-{number}", 1000))
            if kafka is not None:
                note(rates, "ours, through Kafka", ours.project(mine, kafka, f"kafka-{number}", 1000))
    return rates


def note(rates: dict[str, list[float]], side: str, run: tuple[int, float]) -> None:
    events, seconds = run
    rates.setdefault(side, []).append(events / seconds)
    print(f"{side}: {events / seconds:,.0f} events/s", flush=True)


@contextmanager
def _nothing() -> Iterator[None]:
    yield None


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--library-events", type=int, default=4_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-kafka", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ll-") as folder, EmbeddedPostgres.start(Path(folder)) as server:
        rates = measure(server, arguments)
    base = median(rates["library, one transaction an event"])
    table = Table("side", "events/s (median)", "ratio", "goal")
    missed = False
    for side, found in rates.items():
        ratio, goal = median(found) / base, GOALS.get(side)
        missed = missed or (goal is not None and ratio < goal)
        table.add_row(side, f"{median(found):,.0f}", f"{ratio:.1f}x", f">= {goal}x" if goal else "")
    Console().print(table)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
