"""The relay as a process: `ledgerline relay`."""

import signal
from collections.abc import Callable
from threading import Event
from typing import Any

import psycopg
from prometheus_client import CollectorRegistry

from adapters.feed.store_source import StoreSource, connect_to
from adapters.kafka.settings import KafkaSettings
from adapters.relay.metrics import RelayMetrics
from adapters.relay.progress import ProgressStore
from adapters.relay.relay import Relay
from services.garbage import collect_rarely
from services.operations_http import Check, Heartbeat, OperationsServer
from services.starting import Start


def make_relay(url: str, kafka: KafkaSettings, registry: CollectorRegistry, stop: Event) -> Relay:
    """Wire a relay: two connections to the database at `url`, one of which holds the lock."""
    return Relay(_lock_connection(url), StoreSource(connect_to(url)), kafka, RelayMetrics(registry), stop)


def run_relay(url: str, kafka: KafkaSettings, *, host: str, operations_port: int) -> None:
    """Relay until SIGTERM or SIGINT; the batch that is on its way is finished first. Main thread only.

    Brings the schema up to date first, and waits for a database that is away; raises as `Start.migrated`.
    """
    stop, start = Event(), Start(url)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    collect_rarely()
    registry = CollectorRegistry()
    alive: dict[str, Check] = {}
    ready: dict[str, Check] = {"start": start.problem}
    with OperationsServer(host, operations_port, registry, alive, ready):
        if start.migrated(url, stop):
            relay = make_relay(url, kafka, registry, stop)
            alive["relay"] = Heartbeat(lambda: relay.turns)
            ready["feed"] = lambda: relay.problem
            relay.run()


def ask_for_rebuild(url: str, kafka: KafkaSettings) -> int:
    """`ledgerline topics rebuild`: the active relay, or the next one, publishes everything again with the same ids.

    Returns the new generation; readers claim their partitions anew and skip what they had.
    """
    with _lock_connection(url)() as connection:
        return ProgressStore(connection, kafka.prefix).ask_for_rebuild()


def _lock_connection(url: str) -> "Callable[[], psycopg.Connection[Any]]":
    connect = connect_to(url)

    def opened() -> "psycopg.Connection[Any]":
        connection = connect()
        # A position that a crash of the database forgets is published again: not worth a disk write for each batch.
        connection.execute("SET synchronous_commit = off")
        return connection

    return opened
