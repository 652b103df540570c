"""Through Kafka or straight from the store, with one process or several: the rows are those of a replay."""

import threading

import psycopg
import pytest

from adapters.feed.store_source import StoreSource, connect_to
from adapters.projector.compare import equal_to_replay
from adapters.projector.decoding import StoredDecoder
from adapters.projector.lane import Lane
from adapters.projector.rebuild import rebuild
from adapters.projector.rows import prepare
from adapters.projector.runner import Projector
from projections.catalogue import READ_MODELS
from tests.adapters.projector.conftest import MODELS
from tests.support.busy import BusyDay
from tests.support.waiting import eventually


class Running:
    """Projectors on threads of their own."""

    def __init__(self, url, feeds):
        self._url, self._feeds = url, feeds
        self._stop = threading.Event()
        self._threads = []
        self.projectors = []

    def start(self, **more):
        projector = Projector(
            self._feeds.feed(),
            Lane("live", "test"),
            MODELS,
            StoredDecoder(),
            lambda: psycopg.connect(self._url),
            **more,
        )
        thread = threading.Thread(target=projector.run, args=(self._stop,), daemon=True)
        self.projectors.append(projector)
        self._threads.append(thread)
        thread.start()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()


@pytest.fixture
def running(database, feeds):
    running = Running(database, feeds)
    yield running
    running.stop()


@pytest.fixture
def day(feeds):
    return BusyDay(feeds.written.happened)


def until_complete(look, feeds):
    """Wait until the lane is complete up to the last event."""
    feeds.written.keep()
    head = len(feeds.written.records)
    eventually(
        lambda: look.one("SELECT min(watermark) FROM read_models.positions WHERE lane = 'live'") == head,
        what=f"complete up to {head}",
    )


def differences(url):
    source = StoreSource(connect_to(url))
    with psycopg.connect(url) as connection:
        found = equal_to_replay(prepare(connection), MODELS, StoredDecoder(), source)
    source.close()
    return found


def test_rows_are_those_of_a_replay(running, feeds, day, look, database):
    running.start(max_records=50)
    for _ in range(5):
        day.happen(60)
        feeds.written.keep()
    until_complete(look, feeds)
    assert look.one("SELECT count(*) FROM read_models.parked") == 0
    assert look.one("SELECT count(*) FROM read_models.invoice_list") > 10
    assert differences(database) == []


def test_members_come_and_events_go_on(running, feeds, day, look, database):
    running.start(max_records=20)
    for _ in range(3):
        day.happen(60)
        feeds.written.keep()
        running.start(max_records=20)
    day.happen(60)
    until_complete(look, feeds)
    assert differences(database) == []
    assert sum(p.tally.events for p in running.projectors) == len(feeds.written.records)


def test_a_rebuild_while_events_arrive(running, feeds, day, look, database):
    running.start(max_records=20)
    day.happen(300)
    feeds.written.keep()
    source = StoreSource(connect_to(database))

    def more(*_):
        day.happen(20)
        feeds.written.keep()

    with psycopg.connect(database) as connection:
        for name in ("invoice_list", "provider_invoices"):
            done = rebuild(prepare(connection), READ_MODELS[name], StoredDecoder(), source, progress=more)
            more()
            assert done.version == 2
    source.close()
    until_complete(look, feeds)
    assert differences(database) == []
    assert look.one("SELECT count(*) FROM read_models.parked") == 0
