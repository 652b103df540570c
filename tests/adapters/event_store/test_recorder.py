"""The library's own published cases for a recorder, on ours."""

import threading
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError, ProgrammingError, StoredEvent
from eventsourcing.postgres import PostgresDatastore
from eventsourcing.tests.persistence import ApplicationRecorderTestCase, NonInterleavingNotificationIDsBaseCase
from psycopg.conninfo import conninfo_to_dict

from adapters.event_store.recorder import LedgerRecorder


def datastore(url: str, **options: object) -> PostgresDatastore:
    parts = conninfo_to_dict(url)
    values: dict[str, object] = {"originator_id_type": "text", "pool_size": 12, **options}
    return PostgresDatastore(
        str(parts["dbname"]),
        str(parts["host"]),
        str(parts["port"]),
        "postgres",
        "",
        **values,  # type: ignore[arg-type]
    )


class _OnOurTable:
    """Gives the library's cases a recorder on this test's database, and keeps their figures out of the output."""

    url: str

    @pytest.fixture(autouse=True)
    def _database(self, database: str) -> Iterator[None]:
        self.url = database
        self.stores: list[PostgresDatastore] = []
        with redirect_stdout(StringIO()):
            yield
        for store in self.stores:
            store.close()

    def create_recorder(self) -> LedgerRecorder:
        self.stores.append(datastore(self.url))
        return LedgerRecorder(self.stores[-1])

    def new_originator_id(self) -> str:
        return f"test/{uuid4()}"


class TestApplicationRecorder(_OnOurTable, ApplicationRecorderTestCase[LedgerRecorder]):
    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestNonInterleaving(_OnOurTable, NonInterleavingNotificationIDsBaseCase):
    pass


def test_what_the_library_stores_is_in_the_log(database: str) -> None:
    store = datastore(database)
    recorder = LedgerRecorder(store)
    stream = f"test/{uuid4()}"
    events = [StoredEvent(stream, version, "t", b"{}") for version in (1, 2)]
    assert recorder.insert_events(events) == [1, 2]
    assert recorder.insert_events([]) == []
    with pytest.raises(IntegrityError):
        recorder.insert_events(events[1:])
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT position, events FROM append_log").fetchall() == [(2, 2)]
    store.close()
    threads = [thread.name for thread in threading.enumerate() if "pool" in thread.name and thread.is_alive()]
    assert threads == []


def test_the_flag_that_loses_events_is_refused(database: str) -> None:
    with pytest.raises(ProgrammingError, match="must not be set"):
        LedgerRecorder(datastore(database, enable_db_functions=True))


def test_streams_need_names(database: str) -> None:
    with pytest.raises(ProgrammingError, match="text"):
        LedgerRecorder(datastore(database, originator_id_type="uuid"))
