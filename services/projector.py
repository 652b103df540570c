"""The projector as a process, `ledgerline projector`, and what an operator does with read models.

The functions below it are for the command line: each opens what it needs and closes it.
"""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

import psycopg
from prometheus_client import CollectorRegistry

from adapters.feed.event_store_feed import EventStoreFeed
from adapters.feed.kafka_feed import KafkaFeed
from adapters.feed.store_source import StoreSource, connect_to
from adapters.kafka.settings import KafkaSettings
from adapters.projector.compare import TableDifference, equal_to_replay
from adapters.projector.decoding import StoredDecoder
from adapters.projector.lane import LIVE_LANE, Lane
from adapters.projector.metrics import ProjectorMetrics
from adapters.projector.rebuild import Rebuilt, rebuild
from adapters.projector.replay import Progress
from adapters.projector.retry import ParkedStream, Retried, list_parked, retry_parked
from adapters.projector.rows import Connection, prepare
from adapters.projector.runner import Projector
from domain.rejected import Rejected
from projections.catalogue import READ_MODELS
from projections.ports.feed import Feed
from projections.read_model import ReadModel
from services.garbage import collect_rarely
from services.operations_http import Check, Heartbeat, OperationsServer
from services.starting import Start

MODELS = tuple(READ_MODELS.values())


def make_feed(url: str, kafka: KafkaSettings | None, lane: str = LIVE_LANE) -> Feed:
    """The feed of a lane: through Kafka where there is one, else straight from the event store."""
    if kafka is None:
        return EventStoreFeed(connect_to(url), f"projector.{lane}")
    return KafkaFeed(kafka, f"{kafka.prefix}.projector.{lane}", connect_to(url))


def make_projector(url: str, kafka: KafkaSettings | None, *, lane: str = LIVE_LANE) -> Projector:
    """Wire one projector of a lane over all read models; the schema is migrated before."""
    owner = f"{socket.gethostname()}:{os.getpid()}"
    return Projector(make_feed(url, kafka, lane), Lane(lane, owner), MODELS, StoredDecoder(), _connect(url))


def project(projector: Projector, stop: Event, registry: CollectorRegistry, url: str) -> None:
    """Project until `stop` is set, in this thread; for a process that does other things beside."""
    ProjectorMetrics(registry, _connect(url), projector.tally, LIVE_LANE)
    projector.run(stop)


def run_projector(url: str, kafka: KafkaSettings | None, *, host: str, operations_port: int) -> None:
    """Project until SIGTERM or SIGINT; the batch in hand is finished first. Main thread only.

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
            projector = make_projector(url, kafka)
            alive["projector"] = Heartbeat(lambda: projector.tally.turns)
            ready["projection"] = lambda: projector.tally.problem
            project(projector, stop, registry, url)


def rebuild_read_model(url: str, name: str, progress: Progress | None = None) -> Rebuilt:
    """`ledgerline rebuild NAME`. Rejected `unknown-read-model`, RebuildRunning."""
    model = _model(name)
    with _open(url) as connection, _record(url) as record:
        return rebuild(connection, model, StoredDecoder(), record, progress=progress)


def verify_read_models(url: str, progress: Progress | None = None) -> list[TableDifference]:
    """For `ledgerline verify`: tables that are not what a replay gives; none is what one hopes for."""
    with _open(url) as connection, _record(url) as record:
        return equal_to_replay(connection, MODELS, StoredDecoder(), record, progress=progress)


def parked(url: str, *, read_model: str | None = None, subject: str | None = None) -> list[ParkedStream]:
    """`ledgerline parked list`: streams that wait, with the reason."""
    with _open(url) as connection:
        return list_parked(connection, read_model=read_model, subject=subject)


def retry(url: str, *, read_model: str | None = None, subject: str | None = None) -> list[Retried]:
    """`ledgerline parked retry`: apply what waits as far as it goes."""
    models = MODELS if read_model is None else (_model(read_model),)
    with _open(url) as connection:
        return retry_parked(connection, models, StoredDecoder(), read_model=read_model, subject=subject)


def _model(name: str) -> ReadModel:
    model = READ_MODELS.get(name)
    if model is None:
        known = ", ".join(READ_MODELS)
        raise Rejected("unknown-read-model", f"There is no read model {name!r}; there are {known}.", kind="missing")
    return model


def _connect(url: str) -> "Callable[[], psycopg.Connection[Any]]":
    return lambda: psycopg.connect(url, application_name="ledgerline projector", connect_timeout=5)


@contextmanager
def _open(url: str) -> Iterator[Connection]:
    with _connect(url)() as connection:
        yield prepare(connection)


@contextmanager
def _record(url: str) -> Iterator[StoreSource]:
    source = StoreSource(connect_to(url))
    try:
        yield source
    finally:
        source.close()
