"""A poison event is put aside with its reason; its stream waits, all others go on; mended, it is applied in order."""

import orjson
import psycopg
import pytest

from adapters.projector.compare import equal_to_replay
from adapters.projector.decoding import StoredDecoder
from adapters.projector.parked import envelope, restored
from adapters.projector.rebuild import rebuild
from adapters.projector.retry import list_parked, retry_parked
from adapters.projector.rows import prepare
from projections.catalogue import READ_MODELS
from tests.adapters.projector.conftest import MODELS, drain
from tests.support.billing import CustomerInvoiceFacts
from tests.support.record_in_memory import RecordInMemory
from tests.support.records import Happened, MemoryFeed

C, OTHER = CustomerInvoiceFacts("R-1"), CustomerInvoiceFacts("R-2")
DECODER = StoredDecoder()


class Mended(StoredDecoder):
    """A program that can read what the one before could not."""

    def fact(self, record, reads=None):
        return C.added() if record.data == b"poison" else super().fact(record, reads)


@pytest.fixture
def connection(database):
    with psycopg.connect(database) as connection:
        yield prepare(connection)


@pytest.fixture
def poisoned(projector):
    """Two invoices, the second event of one can't be read, more came after it."""
    happened, feed = Happened(), MemoryFeed()
    happened.add(C.stream, C.created())
    happened.add(OTHER.stream, OTHER.created())
    happened.add(C.stream, C.added(), data=b"poison")
    happened.add(OTHER.stream, OTHER.added())
    happened.add(C.stream, C.added())
    feed.publish(happened.records)
    live = projector(feed, max_records=2)
    drain(live, feed)
    return happened, feed, live


def lines(look):
    return dict(look.connection.execute("SELECT reference, lines FROM read_models.invoice_list").fetchall())


def test_the_stream_waits_and_all_others_go_on(poisoned, look, connection):
    happened, feed, live = poisoned
    assert lines(look) == {"R-1": 0, "R-2": 5}
    assert live.tally.parked == 2
    [parked] = list_parked(connection)
    assert (parked.read_model, parked.subject, parked.events, parked.stream_version) == (
        "invoice_list",
        str(C.stream),
        2,
        2,
    )
    assert "version 1 does not fit its class" in str(parked.reason)
    feed.publish(happened.add(C.stream, C.changed()))
    drain(live, feed)
    assert list_parked(connection)[0].events == 3
    assert list_parked(connection, read_model="notices") == []


def test_still_broken_stays_parked(poisoned, look, connection):
    [tried] = retry_parked(connection, MODELS, DECODER)
    assert (tried.applied, tried.left) == (0, 2)
    [parked] = list_parked(connection)
    assert (parked.tries, parked.events) == (2, 2)
    assert lines(look)["R-1"] == 0


def test_mended_events_are_applied_in_order_and_the_stream_goes_on(poisoned, look, connection):
    happened, feed, live = poisoned
    [tried] = retry_parked(connection, MODELS, Mended(), subject=str(C.stream))
    assert (tried.applied, tried.left, tried.reason) == (2, 0, None)
    assert lines(look) == {"R-1": 10, "R-2": 5}
    assert list_parked(connection) == []
    feed.publish(happened.add(C.stream, C.added()))
    drain(live, feed)
    assert lines(look)["R-1"] == 15
    assert list_parked(connection) == []


def test_parked_events_are_no_difference_to_a_replay(poisoned, connection):
    happened, _, _ = poisoned
    assert equal_to_replay(connection, MODELS, DECODER, RecordInMemory(happened)) == []


def test_a_rebuild_parks_for_itself(poisoned, look, connection):
    happened, feed, live = poisoned
    done = rebuild(connection, READ_MODELS["invoice_list"], DECODER, RecordInMemory(happened))
    assert done.parked == 2
    assert [p.events for p in list_parked(connection)] == [2]
    feed.publish(happened.add(C.stream, C.added()))
    drain(live, feed)
    assert [p.events for p in list_parked(connection)] == [3]
    assert rebuild(connection, READ_MODELS["invoice_list"], Mended(), RecordInMemory(happened)).parked == 0
    assert lines(look) == {"R-1": 15, "R-2": 5}
    assert list_parked(connection) == []


def test_a_parked_record_comes_back_as_it_was():
    happened = Happened()
    [record] = happened.add(C.stream, C.created())
    assert restored(orjson.loads(envelope(record)), record.data) == record
