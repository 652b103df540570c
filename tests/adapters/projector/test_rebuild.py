"""A read model is built anew while it is read and written; what a replay gives is what is read."""

import psycopg
import pytest

from adapters.projector import replay as replaying
from adapters.projector.compare import equal_to_replay
from adapters.projector.decoding import StoredDecoder
from adapters.projector.rebuild import RebuildRunning, rebuild
from adapters.projector.rows import prepare
from projections.catalogue import READ_MODELS
from tests.adapters.projector.conftest import MODELS, drain
from tests.adapters.projector.test_projector import a_history
from tests.support.billing import CustomerInvoiceFacts
from tests.support.record_in_memory import RecordInMemory
from tests.support.records import MemoryFeed

INVOICES = READ_MODELS["invoice_list"]
DECODER = StoredDecoder()


@pytest.fixture
def connection(database):
    with psycopg.connect(database) as connection:
        yield prepare(connection)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    for module in ("replay", "rebuild", "compare"):
        monkeypatch.setattr(f"adapters.projector.{module}.BATCH", 4)
    assert replaying.BATCH == 4


@pytest.mark.parametrize("name", READ_MODELS)
def test_a_rebuild_gives_the_same_rows(projector, look, connection, name):
    feed, happened = MemoryFeed(), a_history()
    feed.publish(happened.records)
    drain(projector(feed), feed)
    rows, seen = look.everything(), []
    done = rebuild(connection, READ_MODELS[name], DECODER, RecordInMemory(happened), progress=lambda *p: seen.append(p))
    assert look.everything() == rows
    assert (done.version, done.position, done.parked, done.differences) == (2, len(happened.records), 0, [])
    assert [at for at, _ in seen] == sorted(at for at, _ in seen) != []
    options = look.one(
        "SELECT reloptions FROM pg_class WHERE oid = %s::regclass", f"read_models.{READ_MODELS[name].tables[0].name}"
    )
    assert options is None or "fillfactor=70" in options
    assert look.one("SELECT count(*) FROM pg_tables WHERE schemaname = 'read_models_next'") == 0


def test_wrong_rows_are_mended_and_named(projector, look, connection):
    feed, happened = MemoryFeed(), a_history()
    feed.publish(happened.records)
    drain(projector(feed), feed)
    rows = look.everything()
    gone = look.one("DELETE FROM read_models.invoice_list WHERE reference = 'R-1' RETURNING id")
    wrong = look.one("UPDATE read_models.invoice_list SET lines = 99 WHERE reference = 'R-2' RETURNING id")
    extra = look.one("UPDATE read_models.invoice_list SET id = customer_id WHERE reference = 'R-3' RETURNING id")
    moved = CustomerInvoiceFacts("R-3").stream.id
    found = {(str(gone), "missing"), (str(wrong), "different"), (str(extra), "surplus"), (str(moved), "missing")}
    record = RecordInMemory(happened)
    [verified] = equal_to_replay(connection, MODELS, DECODER, record)
    assert (verified.table, verified.differing, set(verified.keys)) == ("invoice_list", 4, found)
    done = rebuild(connection, INVOICES, DECODER, record)
    assert set(done.differences[0].keys) == found
    assert look.everything() == rows
    assert equal_to_replay(connection, MODELS, DECODER, record) == []


def test_events_that_come_meanwhile_are_neither_lost_nor_doubled(projector, look, connection):
    feed, happened = MemoryFeed(), a_history()
    feed.publish(happened.records)
    live = projector(feed)
    drain(live, feed)
    added = iter(range(100, 140))

    def more():
        for n in (next(added, None), next(added, None)):
            if n is not None:
                c = CustomerInvoiceFacts(f"R-{n}")
                feed.publish(happened.add(c.stream, c.created(), c.added()))
        if len(happened.records) % 3:
            assert live.step(timeout=0)

    rebuild(connection, INVOICES, DECODER, RecordInMemory(happened, on_read=more))
    drain(live, feed)
    assert look.one("SELECT count(*), min(lines) FROM read_models.invoice_list WHERE reference ~ '^R-1..$'") == (40, 5)
    assert equal_to_replay(connection, MODELS, DECODER, RecordInMemory(happened)) == []


def test_a_projector_behind_the_rebuild_skips_what_the_rows_have(projector, look, connection):
    feed, happened = MemoryFeed(), a_history()
    feed.publish(happened.records[:12])
    live = projector(feed)
    drain(live, feed)
    rebuild(connection, INVOICES, DECODER, RecordInMemory(happened))
    assert equal_to_replay(connection, MODELS, DECODER, RecordInMemory(happened)) == []
    feed.publish(happened.records[12:])
    drain(live, feed)
    assert live.tally.parked == 0
    assert equal_to_replay(connection, MODELS, DECODER, RecordInMemory(happened)) == []
    c = CustomerInvoiceFacts("R-1")
    feed.publish(happened.add(c.stream, c.added(100, "1")))
    drain(live, feed)
    assert look.one("SELECT lines FROM read_models.invoice_list WHERE reference = 'R-1'") == 102


def test_a_broken_off_rebuild_changes_nothing(projector, look, connection, database):
    feed, happened = MemoryFeed(), a_history()
    feed.publish(happened.records)
    drain(projector(feed), feed)
    rows = look.everything()

    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild(connection, INVOICES, DECODER, RecordInMemory(happened), progress=stop)
    assert look.everything() == rows
    with psycopg.connect(database) as other, pytest.raises(RebuildRunning, match="invoice_list"):
        rebuild(other, INVOICES, DECODER, RecordInMemory(happened))
    rebuild(connection, INVOICES, DECODER, RecordInMemory(happened))
    assert look.everything() == rows


def test_verify_leaves_out_what_is_not_applied_yet(projector, look, connection):
    feed, happened = MemoryFeed(), a_history()
    feed.publish(happened.records[:20])
    drain(projector(feed), feed)
    assert equal_to_replay(connection, MODELS, DECODER, RecordInMemory(happened)) == []
    assert look.one("SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema()") == 0
